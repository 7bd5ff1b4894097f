import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { createGunzip } from 'node:zlib'

/** What a registry says about the packages that npm asks about: a status, or advisories by the name of the package. */
export type Advisories = (
  packages: Readonly<Record<string, readonly string[]>>,
) => number | Readonly<Record<string, readonly object[]>>

/** An advisory as the registry gives it. */
export const advisory = {
  id: 1,
  url: 'https://advisories.example.com/1',
  title: 'it does what it should not',
  severity: 'high',
  vulnerable_versions: '<99.0.0',
}

/** A registry on loopback that has advisories and nothing to install. npm is told of it by `npm_config_registry`. */
export async function startRegistry(
  advisories: Advisories,
): Promise<AsyncDisposable & { readonly env: Readonly<Record<string, string>> }> {
  const server = createServer((request, response) => {
    void (async () => {
      // npm asks for the versions of a package that it has learnt something about.
      if (request.method !== 'POST') {
        const name = decodeURIComponent((request.url ?? '').slice(1))
        response.end(JSON.stringify({ name, versions: {}, 'dist-tags': {} }))
        return
      }
      const body = request.headers['content-encoding'] === 'gzip' ? createGunzip() : undefined
      const asked = await json(body === undefined ? request : request.pipe(body))
      const said = advisories(asked as Parameters<Advisories>[0])
      if (typeof said === 'number') response.writeHead(said).end()
      else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(said))
    })()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    env: { npm_config_registry: `http://127.0.0.1:${port}/` },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
