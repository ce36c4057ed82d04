// The Merkle tree against the vectors of Certificate Transparency, and its proofs as properties.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  append,
  consistencyProof,
  emptyFrontier,
  inclusionAfter,
  inclusionProof,
  leafHash,
  rootOf,
  treeRoot,
  verifyConsistency,
  verifyInclusion,
} from '../../src/domain/merkle.ts'

// RFC 6962 implementations share these eight leaves and roots (certificate-transparency, merkle_tree_test).
const leaves = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
].map((hex) => leafHash(Buffer.from(hex, 'hex')))
const roots = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
]

describe('RFC 6962 vectors', () => {
  test('the empty tree', () =>
    expect(rootOf(emptyFrontier).toString('hex')).toBe(
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    ))
  test.each(roots.map((root, i) => [i + 1, root] as const))('%i leaves', (size, root) => {
    expect(treeRoot(leaves.slice(0, size)).toString('hex')).toBe(root)
  })
  const leaf0 = '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d'
  const leaf1 = '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7'
  const two23 = '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e'
  const four47 = '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4'
  const leaf4 = 'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b'
  const two67 = 'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0'
  const two45 = '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a'
  const four03 = roots[3] as string
  const hex = (proof: readonly Buffer[]) => proof.map((hash) => hash.toString('hex'))
  const root = (size: number) => Buffer.from(roots[size - 1] as string, 'hex')

  test.each([
    [0, 1, []],
    [0, 8, [leaf1, two23, four47]],
    [5, 8, [leaf4, two67, four03]],
    [2, 3, [roots[1] as string]],
    [1, 5, [leaf0, two23, leaf4]],
  ])('inclusion of leaf %i in %i', (index, size, path) => {
    const proof = inclusionProof(leaves.slice(0, size), index)
    expect(hex(proof)).toEqual(path)
    expect(verifyInclusion({ leaf: leaves[index] as Buffer, index, size, root: root(size) }, proof)).toBe(
      true,
    )
  })
  test.each([
    [1, 1, []],
    [1, 8, [leaf1, two23, four47]],
    [6, 8, [two45, two67, four03]],
    [2, 5, [two23, leaf4]],
  ])('consistency of %i with %i', (first, second, path) => {
    const proof = consistencyProof(leaves.slice(0, second), first)
    expect(hex(proof)).toEqual(path)
    const sizes = { first: { size: first, root: root(first) }, second: { size: second, root: root(second) } }
    expect(verifyConsistency(sizes, proof)).toBe(true)
  })
})

const many = fc
  .array(fc.uint8Array({ maxLength: 4 }), { minLength: 1, maxLength: 40 })
  .map((list) => list.map(leafHash))

test('appending one by one gives the same root as hashing all', () => {
  fc.assert(
    fc.property(many, (list) => {
      expect(rootOf(list.reduce(append, emptyFrontier))).toEqual(treeRoot(list))
    }),
  )
})
test('every leaf is proven where it is, and nowhere else', () => {
  fc.assert(
    fc.property(many, fc.nat(39), (list, n) => {
      const index = n % list.length
      const leaf = list[index] as Buffer
      const proof = inclusionProof(list, index)
      const place = { leaf, index, size: list.length, root: treeRoot(list) }
      expect(verifyInclusion(place, proof)).toBe(true)
      expect(verifyInclusion({ ...place, leaf: leafHash('other') }, proof)).toBe(false)
      expect(verifyInclusion({ ...place, index: list.length }, proof)).toBe(false)
      expect(verifyInclusion(place, [...proof, leaf])).toBe(false)
    }),
  )
})
test('a tree is proven to begin with every smaller one, and with nothing else', () => {
  fc.assert(
    fc.property(many, fc.nat(40), (list, n) => {
      const size = n % (list.length + 1)
      const proof = consistencyProof(list, size)
      const first = { size, root: treeRoot(list.slice(0, size)) }
      const second = { size: list.length, root: treeRoot(list) }
      expect(verifyConsistency({ first, second }, proof)).toBe(true)
      const other = leafHash('other')
      expect(verifyConsistency({ first: { size, root: other }, second }, proof)).toBe(false)
      expect(verifyConsistency({ first, second }, [...proof, other])).toBe(false)
      expect(verifyConsistency({ first: { ...first, size: list.length + 1 }, second }, proof)).toBe(false)
      if (size > 0) {
        expect(verifyConsistency({ first, second: { ...second, root: other } }, proof)).toBe(false)
        for (const [i] of proof.entries())
          expect(verifyConsistency({ first, second }, proof.with(i, other))).toBe(false)
      }
    }),
  )
})

test('the path of a leaf behind an edge is the one that the whole log gives', () =>
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 70 }),
      fc.integer({ min: 1, max: 40 }),
      fc.nat(),
      (size, more, at) => {
        const all = Array.from({ length: size + more }, (_, n) => leafHash(`leaf ${n}`))
        const before = all.slice(0, size).reduce(append, emptyFrontier)
        const index = size + (at % more)
        const path = inclusionAfter(before, all.slice(size), index)
        expect(path).toEqual(inclusionProof(all, index))
      },
    ),
  ))
