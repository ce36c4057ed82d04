// The worker in which IdP metadata is read: it lives only as long as there is some.
import type { MetadataReading, MetadataWish } from '../../domain/idp-metadata.ts'
import { Refusal } from '../../domain/refusal.ts'
import { readIdpMetadata } from './idp-metadata.ts'

export interface MetadataTask {
  readonly document: Uint8Array
  readonly wish: MetadataWish
}

/** Refusals lose their class on the way between threads; code and detail do not. */
export type MetadataVerdict =
  | { readonly reading: MetadataReading }
  | { readonly code: Refusal['code']; readonly detail: Refusal['detail'] }

/** Called by the pool; the name is what it looks for. */
export function readingOf({ document, wish }: MetadataTask): MetadataVerdict {
  try {
    return { reading: readIdpMetadata(document, wish) }
  } catch (error) {
    if (error instanceof Refusal) return { code: error.code, detail: error.detail }
    throw error
  }
}
