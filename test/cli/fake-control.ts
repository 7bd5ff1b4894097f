import { once } from 'node:events'
import { createServer } from 'node:http'
import { join } from 'node:path'

/** Answers on the socket of a state directory: each path with its body, and a fault to everything else. */
export async function startFakeControl(
  stateDirectory: string,
  answers: Readonly<Record<string, object>>,
  fault: object,
): Promise<Disposable> {
  const server = createServer((request, response) => {
    request.resume()
    const answer = answers[(request.url ?? '').split('?')[0] ?? '']
    response.writeHead(answer === undefined ? 500 : 200)
    response.end(JSON.stringify(answer ?? fault))
  })
  server.listen(join(stateDirectory, 'control.sock'))
  await once(server, 'listening')
  return {
    [Symbol.dispose]() {
      server.closeAllConnections()
      server.close()
    },
  }
}
