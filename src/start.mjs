// The one plain-JavaScript file: it must run on any Node, to say clearly which one is needed.
const needed = 24
const major = Number(process.versions.node.split('.')[0])

if (major < needed) {
  process.stderr.write(
    `drawbridge needs Node ${needed} or later, and this is Node ${process.versions.node}.\n` +
      'Start it through npm (npm start, npm run drawbridge -- serve): npm ci has installed the right Node beside it.\n',
  )
  process.exit(78)
}
await import('./main.ts')
