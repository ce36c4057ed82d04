// Checkpoints as signed notes: the format of C2SP, and what is not one.
import { generateKeyPairSync, sign } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { bodyText, keyHash, noteIsBy, noteText, readNote } from '../../src/domain/checkpoint.ts'

const keys = generateKeyPairSync('ed25519')
const raw = Buffer.from(String(keys.publicKey.export({ format: 'jwk' }).x), 'base64url')
const body = { origin: 'bank.example/alder/audit', size: 12, root: Buffer.alloc(32, 7) }
const note = noteText(body, raw, sign(null, Buffer.from(bodyText(body)), keys.privateKey))
const read = (text: string) => {
  const found = readNote(text)
  return found !== undefined && noteIsBy(found, raw)
}

test('the key hash is that of Go’s checksum database key', () => {
  // sum.golang.org+033de0ae+BASE64(0x01 || key), as cmd/go carries it.
  const key = Buffer.from('Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8', 'base64').subarray(1)
  expect(keyHash('sum.golang.org', key).toString('hex')).toBe('033de0ae')
})

test('text, empty line, signature line', () => {
  const [origin, size, root, empty, signature, end] = note.split('\n')
  expect([origin, size, root, empty, end]).toEqual([
    'bank.example/alder/audit',
    '12',
    Buffer.alloc(32, 7).toString('base64'),
    '',
    '',
  ])
  expect(signature).toMatch(/^— bank\.example\/alder\/audit [A-Za-z0-9+/]+=*$/)
})

test('what was written is read, and its signature holds', () => {
  expect(readNote(note)).toMatchObject(body)
  expect(read(note)).toBe(true)
})

describe('not a checkpoint of this key', () => {
  test.each([
    ['another size', note.replace('\n12\n', '\n13\n')],
    ['another root', note.replace(body.root.toString('base64'), Buffer.alloc(32, 8).toString('base64'))],
    ['another origin', note.replaceAll('alder', 'birch')],
    ['signed under another name', note.replace('— bank', '— tank')],
    ['a leading zero', note.replace('\n12\n', '\n012\n')],
    ['a negative size', note.replace('\n12\n', '\n-12\n')],
    ['a short root', note.replace(body.root.toString('base64'), 'AAAA')],
    ['a further line in the text', note.replace('\n\n', '\nmore\n\n')],
    ['something before it', `x\n${note}`],
    ['something after it', `${note}x`],
    ['no signature', `${bodyText(body)}\n`],
    ['nothing', ''],
  ])('%s', (_, text) => expect(read(text)).toBe(false))
  test('another key', () => {
    const other = generateKeyPairSync('ed25519')
    const forged = noteText(body, raw, sign(null, Buffer.from(bodyText(body)), other.privateKey))
    expect(readNote(forged)).toBeDefined()
    expect(read(forged)).toBe(false)
  })
})
