// The parts of a file read without its schema, so that what they say of one another is told together with its faults.
import { isTree, type Tree } from './environment.ts'

export const rowsOf = (file: unknown, part: string): Tree[] => {
  const rows = isTree(file) ? file[part] : undefined
  return Array.isArray(rows) ? rows.map((row) => (isTree(row) ? row : {})) : []
}

export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
