// The rules of the layout, each a function from the sources to what breaks it. They know nothing of the disk.
import { posix } from 'node:path'
import { codeOnly, type Import, importsOf, type Source } from './source.ts'
import { builtins, emptyNames, homes, impurities, longestFile, mayImport, onlyLazily, pure } from './table.ts'

const within = (path: string, prefix: string): boolean => path === prefix || path.startsWith(`${prefix}/`)

/** `domain` of `domain/acr.ts`; the name itself of a file at the root. */
const folderOf = (path: string): string => path.split('/')[0] ?? path

const isOurs = ({ target }: Import): boolean => target.startsWith('.')

/** The file that a relative import leads to, from `src/`. */
const reached = (path: string, target: string): string => posix.join(posix.dirname(path), target)

/** `@scope/name` or `name` of a specifier that may lead into a package. */
const packageOf = (target: string): string => target.split('/', target.startsWith('@') ? 2 : 1).join('/')

function eachImport(
  sources: readonly Source[],
  judge: (path: string, found: Import) => string | undefined,
): string[] {
  return sources.flatMap(({ path, text }) =>
    importsOf(text).flatMap((found) => {
      const fault = judge(path, found)
      return fault === undefined ? [] : [`${path}: ${fault}`]
    }),
  )
}

/** Imports that the table does not allow. */
export function forbiddenImports(sources: readonly Source[]): string[] {
  return eachImport(sources, (path, found) => {
    const folder = folderOf(path)
    const allowed = mayImport[folder]
    if (allowed === undefined) return `${folder} is not in the table`
    if (found.target === '(computed)') return undefined
    if (!isOurs(found)) return undefined
    const target = reached(path, found.target)
    if (target.startsWith('..')) return `${found.target} leaves the source folder`
    if (folder === folderOf(target)) return undefined
    if (!allowed.some((prefix) => within(target, prefix))) return `${folder} may not import ${target}`
    const eager = !found.lazy && onlyLazily.some((prefix) => within(target, prefix))
    return eager ? `${target} may only be imported where it is needed, by import()` : undefined
  })
}

/** Packages outside of their homes, and builtins where the world is not allowed in. */
export function homelessPackages(sources: readonly Source[]): string[] {
  return eachImport(sources, (path, found) => {
    if (isOurs(found) || found.target === '(computed)') return undefined
    if (found.target.startsWith('node:')) {
      const allowed = builtins[folderOf(path)]
      return allowed === undefined || allowed.includes(found.target)
        ? undefined
        : `${found.target} is not for here`
    }
    const home = homes[packageOf(found.target)]
    if (home === undefined) return `${found.target} has no home in the table`
    return home.some((folder) => within(path, folder))
      ? undefined
      : `${found.target} lives in ${home.join(', ')}`
  })
}

/** Clock, chance, environment, network and timers where everything is given. */
export function impureCode(sources: readonly Source[]): string[] {
  return sources
    .filter(({ path }) => pure.includes(folderOf(path)))
    .flatMap(({ path, text }) => {
      const code = codeOnly(text)
      return impurities.filter(({ pattern }) => pattern.test(code)).map(({ name }) => `${path}: uses ${name}`)
    })
}

/** Computed imports hide from this test; only these may load by name. */
export function computedImports(sources: readonly Source[], allowed: readonly string[]): string[] {
  return eachImport(sources, (path, found) =>
    found.target === '(computed)' && !allowed.includes(path) ? 'an import of a computed name' : undefined,
  )
}

/** Files that import one another in a circle; type imports count, for a reader walks them too. */
export function cycles(sources: readonly Source[]): string[] {
  const graph = new Map(
    sources.map(({ path, text }) => [
      path,
      importsOf(text)
        .filter((found) => isOurs(found) && !found.lazy)
        .map((found) => reached(path, found.target)),
    ]),
  )
  const done = new Set<string>()
  const found: string[] = []
  const walk = (path: string, trail: readonly string[]) => {
    const from = trail.indexOf(path)
    if (from >= 0) found.push([...trail.slice(from), path].join(' -> '))
    if (from >= 0 || done.has(path)) return
    for (const next of graph.get(path) ?? []) walk(next, [...trail, path])
    done.add(path)
  }
  for (const path of graph.keys()) walk(path, [])
  return found
}

/** Files that only hand on what others export, and names that say nothing. `plugins/` lists its plugins by hand. */
export function barrels(sources: readonly Source[]): string[] {
  return sources.flatMap(({ path, text }) => {
    if (emptyNames.test(path) && folderOf(path) !== 'plugins') return [`${path}: a name that says nothing`]
    const statements = codeOnly(text).replace(/\bexport\b[^;=()]*?\bfrom\b/g, '')
    const handsOn = /\bexport\b[^;=()]*?\bfrom\b/.test(codeOnly(text)) && statements.trim() === ''
    return handsOn ? [`${path}: a barrel`] : []
  })
}

export function longFiles(sources: readonly Source[]): string[] {
  return sources.flatMap(({ path, text }) => {
    const lines = text.split('\n').length - 1
    return lines > longestFile ? [`${path}: ${lines} lines`] : []
  })
}

/** A file opens with a sentence saying what it is for. */
export function unexplained(sources: readonly Source[]): string[] {
  return sources.flatMap(({ path, text }) =>
    /^(#!.*\n)?\/\/ \S/.test(text) ? [] : [`${path}: does not say what it is for`],
  )
}
