// Decoding what people bring as a picture, apart from everything else.
import type { Logo } from '../domain/logo.ts'

export interface Pictures {
  /**
   * Can all of it be decoded? The caller has looked at what its bytes say of its size (domain/logo). False also where it takes
   * longer than a deadline of a few seconds; nothing of the process is used but a thread that ends with it.
   */
  decodes(picture: Logo): Promise<boolean>
}
