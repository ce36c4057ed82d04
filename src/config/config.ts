// The configuration as the rest of the house sees it: camelCase, secrets resolved, frozen.

import type { Settings } from './schema.ts'
import type { Secret } from './secret.ts'

type Camel<Name extends string> = Name extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<Camel<Tail>>}`
  : Name

type Camelled<Value> = Value extends readonly (infer Item)[]
  ? readonly Camelled<Item>[]
  : Value extends object
    ? { readonly [Key in keyof Value as Camel<Key & string>]: Camelled<Value[Key]> }
    : Value

type Plain = Camelled<Settings>

/** Frozen through and through. The names are those of the file in camelCase; `schema.ts` says what each means. */
export interface Config extends Omit<Plain, 'database' | 'keys'> {
  readonly database: Omit<Plain['database'], 'url'> & {
    /** `postgres://…`; undefined for the embedded database. */
    readonly url: Secret<string> | undefined
  }
  readonly keys: Omit<Plain['keys'], 'master'> & {
    /** 32 bytes. */
    readonly master: Secret<Uint8Array>
  }
}

const camel = (name: string): string => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())

function camelled(value: unknown): unknown {
  if (Array.isArray(value)) return Object.freeze(value.map(camelled))
  if (typeof value !== 'object' || value === null) return value
  return Object.freeze(
    Object.fromEntries(Object.entries(value).map(([name, inner]) => [camel(name), camelled(inner)])),
  )
}

export interface Secrets {
  readonly databaseUrl: Secret<string> | undefined
  readonly master: Secret<Uint8Array>
}

/** Puts checked settings and resolved secrets together. */
export function configOf(settings: Settings, { databaseUrl, master }: Secrets): Config {
  const plain = camelled(settings) as Plain
  return Object.freeze({
    ...plain,
    database: Object.freeze({ ...plain.database, url: databaseUrl }),
    keys: Object.freeze({ ...plain.keys, master }),
  })
}
