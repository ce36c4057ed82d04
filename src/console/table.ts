// A table of things, one a row: columns where there is room for them, and on a phone each thing with its facts under one another.
import { type Html, html } from '../http/page/html.ts'

export interface Column {
  readonly name: string
  /** `num`: figures at the end edge. `opt`: left out where a few columns fit, and shown again where they are stacked. */
  readonly as?: 'num' | 'opt' | undefined
}

export interface DataTable {
  /** What a reader who sees no page around it is told. */
  readonly caption: string
  /** Of the region that scrolls where even this is too wide. */
  readonly label: string
  /** The first is what the row is about. */
  readonly columns: readonly Column[]
  /** As many cells as there are columns. */
  readonly rows: readonly (readonly (Html | string | number)[])[]
}

export function dataTable({ caption, label, columns, rows }: DataTable): Html {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${label}"><table class="table stacks">
<caption class="vh">${caption}</caption>
<thead><tr>${columns.map(({ name, as }) => html`<th scope="col"${classOf(as)}>${name}</th>`)}</tr></thead>
<tbody>${rows.map((cells) => html`<tr>${cells.map((cell, n) => cellOf(cell, columns[n], n === 0))}</tr>\n`)}</tbody></table></div>`
}

const classOf = (as: Column['as']): Html | undefined => (as === undefined ? undefined : html` class="${as}"`)

const cellOf = (cell: Html | string | number, column: Column | undefined, first: boolean): Html =>
  first
    ? html`<th scope="row">${cell}</th>`
    : html`<td${classOf(column?.as)} data-label="${column?.name ?? ''}">${cell}</td>`
