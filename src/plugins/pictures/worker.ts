// One picture, decoded once: says true where all of it could be.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { parentPort, workerData } from 'node:worker_threads'
import * as jpeg from '@jsquash/jpeg/decode.js'
import * as png from '@jsquash/png/decode.js'
import * as webp from '@jsquash/webp/decode.js'
import type { Logo } from '../../domain/logo.ts'

const code = (file: string) => readFileSync(createRequire(import.meta.url).resolve(file))

const words: string[] = []
// libjpeg fills what is missing with grey and says so: whatever it says is a fault.
const options = (file: string) => ({
  wasmBinary: new Uint8Array(code(file)).buffer,
  printErr: (text: string) => void words.push(text),
})

const decoders: Readonly<Record<Logo['type'], (bytes: ArrayBuffer) => Promise<ImageData>>> = {
  async 'image/png'(bytes) {
    await png.init(new Uint8Array(code('@jsquash/png/codec/pkg/squoosh_png_bg.wasm')))
    return png.decode(bytes)
  },
  async 'image/jpeg'(bytes) {
    await jpeg.init(options('@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm'))
    return jpeg.default(bytes)
  },
  async 'image/webp'(bytes) {
    await webp.init(options('@jsquash/webp/codec/dec/webp_dec.wasm'))
    return webp.default(bytes)
  },
}

const { type, bytes } = workerData as Logo
const picture = await decoders[type](new Uint8Array(bytes).buffer)
parentPort?.postMessage(picture.data.length === picture.width * picture.height * 4 && words.length === 0)
