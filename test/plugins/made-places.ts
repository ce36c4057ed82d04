// Databases of places in MaxMind's format, as small as their rows (https://maxmind.github.io/MaxMind-DB/).

/** Bits of an address, as the tree is walked. */
type Bits = readonly (0 | 1)[]

export type Value = string | number | { readonly [name: string]: Value }

const codes: Readonly<Record<string, string>> = { Sweden: 'SE', Spain: 'ES' }

/** `accuracy` in kilometres. */
export const city = (
  town: string,
  [latitude, longitude]: readonly [number, number],
  accuracy = 20,
): Value => ({
  city: { names: { en: town.split(', ')[0] ?? '' } },
  country: { names: { en: town.split(', ')[1] ?? '' }, iso_code: codes[town.split(', ')[1] ?? ''] ?? '' },
  location: { latitude, longitude, accuracy_radius: accuracy },
})

const control = (type: number, size: number): Buffer => {
  if (size > 284) throw new Error('no value of a test is as long')
  const small = size < 29 ? [size] : [29, size - 29]
  // Types above 7 stand in a byte of their own.
  const first = (type < 8 ? type << 5 : 0) | (small[0] as number)
  return Buffer.from([first, ...(type < 8 ? [] : [type - 7]), ...small.slice(1)])
}

/** Texts, doubles and maps; whole numbers of the description are unsigned. */
function encoded(value: Value, whole = false): Buffer {
  if (typeof value === 'string')
    return Buffer.concat([control(2, Buffer.byteLength(value)), Buffer.from(value)])
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(whole ? 4 : 8)
    if (whole) bytes.writeUInt32BE(value)
    else bytes.writeDoubleBE(value)
    return Buffer.concat([control(whole ? 6 : 3, bytes.length), bytes])
  }
  const members = Object.entries(value).flatMap(([name, one]) => [encoded(name), encoded(one, whole)])
  return Buffer.concat([control(7, members.length / 2), ...members])
}

/** `81.2.69.0/24`, or `2a00:1450/32` with the zeros left out. */
function bitsOf(network: string, version: 4 | 6): Bits {
  const [address = '', length = '0'] = network.split('/')
  const isFour = address.includes('.')
  const bytes = isFour
    ? address.split('.').map(Number)
    : address.split(':').flatMap((part) => [Number.parseInt(part, 16) >> 8, Number.parseInt(part, 16) & 255])
  const bits = bytes.flatMap((byte) =>
    [...byte.toString(2).padStart(8, '0')].map((bit) => (bit === '1' ? 1 : 0)),
  )
  // IPv4 stands at ::/96 of a tree of both.
  const before = isFour && version === 6 ? Array<0>(96).fill(0) : []
  return [...before, ...bits.slice(0, Number(length))]
}

type Node = [Node | number | undefined, Node | number | undefined]

export const announced = (asn: number): Value => ({
  autonomous_system_number: asn,
  autonomous_system_organization: 'Networks of the test',
})

export function madePlaces(rows: Readonly<Record<string, Value>>, version: 4 | 6 = 6): Buffer {
  const root: Node = [undefined, undefined]
  const data: Buffer[] = []
  let offset = 0
  for (const [network, value] of Object.entries(rows)) {
    const bits = bitsOf(network, version)
    let node = root
    for (const bit of bits.slice(0, -1)) {
      node[bit] ??= [undefined, undefined]
      node = node[bit] as Node
    }
    node[bits.at(-1) as 0 | 1] = offset
    data.push(encoded(value))
    offset += data.at(-1)?.length ?? 0
  }
  const nodes: Node[] = []
  const count = (node: Node): void => {
    nodes.push(node)
    for (const side of node) if (typeof side === 'object') count(side)
  }
  count(root)
  const numbers = new Map(nodes.map((node, number) => [node, number]))
  // Of 24 bits: a node, nothing, or data behind the 16 bytes of the separator.
  const recordOf = (side: Node[0]) => {
    const record = Buffer.alloc(3)
    const behind = (at: number) => nodes.length + 16 + at
    record.writeUIntBE(
      side === undefined
        ? nodes.length
        : typeof side === 'number'
          ? behind(side)
          : (numbers.get(side) as number),
      0,
      3,
    )
    return record
  }
  const description = {
    ...{ node_count: nodes.length, record_size: 24, ip_version: version, database_type: 'Test-City' },
    ...{ binary_format_major_version: 2, binary_format_minor_version: 0, build_epoch: 1_700_000_000 },
  }
  return Buffer.concat([
    ...nodes.flatMap((node) => node.map(recordOf)),
    Buffer.alloc(16),
    ...data,
    Buffer.from('abcdef4d61784d696e642e636f6d', 'hex'),
    encoded(description, true),
  ])
}
