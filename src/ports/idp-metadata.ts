// Reading IdP metadata away from the main loop: it comes from strangers and may be large.
import type { MetadataReading, MetadataWish } from '../domain/idp-metadata.ts'

export interface IdpMetadataReader {
  /**
   * Resolves with facts that may be shown and, once approved, trusted as far as `signedBy` and the way that the document
   * came carry. Throws a Refusal with a `metadata.` code, or `busy`.
   */
  read(document: Uint8Array, wish: MetadataWish): Promise<MetadataReading>
  close(): Promise<void>
}
