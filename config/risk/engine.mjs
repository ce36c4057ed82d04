// A risk engine of your own, as a program that the bridge starts or as a service: Node and nothing else.
import { createServer } from 'node:http'

function judge({ id, facts }) {
  const large = Number(facts['transaction.minor'] ?? 0) > 100_000
  if (!large || facts['history.knownPayee'] === true) return { event: id, action: 'allow', score: 100 }
  return { event: id, action: 'step-up', score: 700, reasons: [{ code: 'large_to_stranger' }] }
}

const answers = { '/assess': ({ event }) => judge(event), '/report': () => ({}) }

const server = createServer(async (request, response) => {
  const body = Buffer.concat(await request.toArray())
  const answer = answers[request.url]
  if (answer === undefined) return response.writeHead(404).end()
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify(answer(JSON.parse(body))))
})
const socket = process.env.DRAWBRIDGE_SOCKET
server.listen(socket ?? 8090)
// The bridge holds our input open for as long as it lives.
if (socket !== undefined) process.stdin.resume().once('end', () => process.exit())
