// The first page: is everything working, and what needs somebody.
import { html } from '../http/page/html.ts'
import type { Desk } from './desk.ts'

export function overviewPages(desk: Desk): void {
  desk.page('', 'read', async ({ visitor }) => ({
    title: 'Overview',
    place: '',
    main: html`<p>${visitor.name}</p>`,
  }))
}
