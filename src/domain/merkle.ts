// The Merkle tree of the audit log (RFC 6962 2.1), pure: hashes in, hashes out.
import { createHash } from 'node:crypto'

const sha256 = (...parts: readonly Uint8Array[]): Buffer => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

const leafPrefix = Buffer.of(0)
const nodePrefix = Buffer.of(1)

/** RFC 6962 2.1: SHA-256(0x00 || entry). */
export const leafHash = (entry: Uint8Array | string): Buffer =>
  sha256(leafPrefix, Buffer.from(entry as Uint8Array))

/** RFC 6962 2.1: SHA-256(0x01 || left || right). */
export const nodeHash = (left: Uint8Array, right: Uint8Array): Buffer => sha256(nodePrefix, left, right)

/**
 * The right edge of a tree: one root for every set bit of `size`, largest first. Enough to append and to know the root,
 * so that the log need never be hashed again.
 */
export interface Frontier {
  readonly size: number
  readonly roots: readonly Buffer[]
}

export const emptyFrontier: Frontier = { size: 0, roots: [] }

/** The tree with one leaf more. */
export function append({ size, roots }: Frontier, leaf: Buffer): Frontier {
  const next = [...roots]
  let hash = leaf
  for (let rest = size; rest % 2 === 1; rest = Math.floor(rest / 2))
    hash = nodeHash(next.pop() as Buffer, hash)
  next.push(hash)
  return { size: size + 1, roots: next }
}

/** The root of the tree; of the empty tree SHA-256 of nothing. */
export function rootOf({ roots }: Frontier): Buffer {
  if (roots.length === 0) return sha256()
  return roots.reduceRight((right, left) => nodeHash(left, right))
}

/** The largest power of two below `size`. */
function split(size: number): number {
  let k = 1
  while (k * 2 < size) k *= 2
  return k
}

/** The root over these leaf hashes. */
export function treeRoot(leaves: readonly Buffer[]): Buffer {
  return rootOf(leaves.reduce(append, emptyFrontier))
}

/** RFC 6962 2.1.1: the audit path of the leaf at `index`. */
export function inclusionProof(leaves: readonly Buffer[], index: number): Buffer[] {
  if (leaves.length <= 1) return []
  const k = split(leaves.length)
  const [left, right] = [leaves.slice(0, k), leaves.slice(k)]
  return index < k
    ? [...inclusionProof(left, index), treeRoot(right)]
    : [...inclusionProof(right, index - k), treeRoot(left)]
}

/**
 * The audit path of the leaf at `index` in the tree that the edge `before` and the `leaves` after it make. The leaf is one of
 * these, so that whatever its path needs of what came before stands on the edge, and nobody reads the log from its beginning.
 */
export function inclusionAfter(before: Frontier, leaves: readonly Buffer[], index: number): Buffer[] {
  const behind = edgeRoots(before)
  const hash = (from: number, count: number): Buffer => {
    if (from >= before.size) return treeRoot(leaves.slice(from - before.size, from - before.size + count))
    const known = behind.get(`${from}+${count}`)
    if (known !== undefined) return known
    if (count === 1) throw new Error('an audit path that is not behind the edge')
    const k = split(count)
    return nodeHash(hash(from, k), hash(from + k, count - k))
  }
  const path = (from: number, count: number): Buffer[] => {
    if (count <= 1) return []
    const k = split(count)
    return index < from + k
      ? [...path(from, k), hash(from + k, count - k)]
      : [...path(from + k, count - k), hash(from, k)]
  }
  return path(0, before.size + leaves.length)
}

/** Each root of the edge by where its leaves begin, and how many they are. */
function edgeRoots({ size, roots }: Frontier): Map<string, Buffer> {
  const found = new Map<string, Buffer>()
  let from = 0
  for (const root of roots) {
    const count = split(size - from + 1)
    found.set(`${from}+${count}`, root)
    from += count
  }
  return found
}

export interface Inclusion {
  readonly leaf: Buffer
  readonly index: number
  readonly size: number
  readonly root: Buffer
}

/** RFC 9162 2.1.3.2: does the path lead from the leaf to the root? */
export function verifyInclusion({ leaf, index, size, root }: Inclusion, proof: readonly Buffer[]): boolean {
  if (index < 0 || index >= size) return false
  const lead = (at: number, count: number, path: readonly Buffer[]): Buffer | undefined => {
    if (count === 1) return path.length === 0 ? leaf : undefined
    const sibling = path.at(-1)
    if (sibling === undefined) return undefined
    const k = split(count)
    const inner = at < k ? lead(at, k, path.slice(0, -1)) : lead(at - k, count - k, path.slice(0, -1))
    if (inner === undefined) return undefined
    return at < k ? nodeHash(inner, sibling) : nodeHash(sibling, inner)
  }
  return lead(index, size, proof)?.equals(root) ?? false
}

/** RFC 6962 2.1.2: proof that the tree of `first` leaves is the beginning of this one. */
export function consistencyProof(leaves: readonly Buffer[], first: number): Buffer[] {
  const sub = (from: readonly Buffer[], m: number, whole: boolean): Buffer[] => {
    if (m === from.length) return whole ? [] : [treeRoot(from)]
    const k = split(from.length)
    return m <= k
      ? [...sub(from.slice(0, k), m, whole), treeRoot(from.slice(k))]
      : [...sub(from.slice(k), m - k, false), treeRoot(from.slice(0, k))]
  }
  return first === 0 ? [] : sub(leaves, first, true)
}

export interface Consistency {
  readonly first: { readonly size: number; readonly root: Buffer }
  readonly second: { readonly size: number; readonly root: Buffer }
}

/** RFC 9162 2.1.4.2: does the path show that the second tree begins with the first? Both roots are rebuilt from it. */
export function verifyConsistency({ first, second }: Consistency, proof: readonly Buffer[]): boolean {
  if (first.size > second.size) return false
  if (first.size === second.size) return proof.length === 0 && first.root.equals(second.root)
  if (first.size === 0) return proof.length === 0 && first.root.equals(rootOf(emptyFrontier))
  interface Both {
    readonly old: Buffer
    readonly whole: Buffer
  }
  const rebuild = (m: number, n: number, path: readonly Buffer[], left: boolean): Both | undefined => {
    const last = path.at(-1)
    if (m === n) {
      const root = left ? first.root : last
      return root && path.length === (left ? 0 : 1) ? { old: root, whole: root } : undefined
    }
    if (last === undefined) return undefined
    const k = split(n)
    if (m <= k) {
      const inner = rebuild(m, k, path.slice(0, -1), left)
      return inner && { old: inner.old, whole: nodeHash(inner.whole, last) }
    }
    const inner = rebuild(m - k, n - k, path.slice(0, -1), false)
    return inner && { old: nodeHash(last, inner.old), whole: nodeHash(last, inner.whole) }
  }
  const both = rebuild(first.size, second.size, proof, true)
  return both ? both.old.equals(first.root) && both.whole.equals(second.root) : false
}
