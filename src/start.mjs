// The one plain-JavaScript file: it must run on any Node, to say clearly which one is needed.
import module from 'node:module'

const needed = 24
const major = Number(process.versions.node.split('.')[0])

if (major < needed) {
  process.stderr.write(
    `drawbridge needs Node ${needed} or later, and this is Node ${process.versions.node}.\n` +
      'Start it through npm (npm start, npm run drawbridge -- serve): npm ci has installed the right Node beside it.\n',
  )
  process.exit(78)
}
// Stripping types and compiling is a good part of a start. Node keeps the results in its temporary directory, or in
// NODE_COMPILE_CACHE; where that cannot be written nothing is kept. A bridge in production starts seldom, and from
// file systems that are read-only: it has no use for this.
if (process.argv[2] !== 'serve') module.enableCompileCache?.()
await import('./main.ts')
