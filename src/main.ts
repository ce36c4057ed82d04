// The process: its arguments, its streams, its exit status.
import { run } from './cli/commands.ts'

const terminal = {
  env: process.env,
  out: (text: string) => void process.stdout.write(text),
  error: (text: string) => void process.stderr.write(text),
}

try {
  process.exitCode = await run(process.argv.slice(2), terminal)
} catch (error) {
  terminal.error(`drawbridge: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
  process.exitCode = 1
}

// Everything was closed; what still keeps the process alive (a worker, an idle socket) has no say in when it ends.
setTimeout(() => process.exit(), 1000).unref()
