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
// Stripping types and compiling is half of a start. Node's own place for the results (its temporary directory, or
// NODE_COMPILE_CACHE); where that cannot be written it answers so, and nothing is kept.
module.enableCompileCache?.()
await import('./main.ts')
