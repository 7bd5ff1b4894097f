import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { startChromium, type Chromium } from './peers/chromium.ts'
import { personAt, type Person } from './person.ts'
import { alice, route, startRig, type GatewayRig } from './rig.ts'
import type { Scope } from './scope.ts'
import { echo, startService } from './services.ts'

/** The service behind the gateway. */
export const target = 'echo.example.com:7'

/** What a host that is not the gateway answers. */
export type HostPage = (request: IncomingMessage, response: ServerResponse) => void

/** A gateway at `gate.corp.test`, and hosts beside it and elsewhere that are somebody else's. */
export interface CorpHosts {
  readonly rig: GatewayRig
  /** Where the gateway's pages are. */
  readonly origin: string
  readonly person: Person
  readonly browser: Chromium
  /** `evil.corp.test`: to browsers the same site as the gateway, since nobody registered its name apart. */
  readonly sibling: string
  /** `elsewhere.test`: another site. */
  readonly stranger: string
  /** What both of them answer from now on. */
  serve(page: HostPage): void
}

/** Makes the hosts and a Chromium that finds them all on this machine. */
export async function startCorpHosts(
  scope: Scope,
  settings: Readonly<Record<string, unknown>> = {},
): Promise<CorpHosts> {
  const service = await startService(scope, echo)
  const rig = await startRig(scope, [route(target, service)], settings, 'gate.corp.test')
  const origin = `https://gate.corp.test:${rig.port}`
  let page: HostPage = (_, response) => void response.writeHead(404).end()
  const port = await startHost(scope, rig, (...args) => page(...args))
  const browser = await startChromium(
    scope,
    rig,
    '--host-resolver-rules=MAP *.test 127.0.0.1, EXCLUDE localhost',
  )
  return {
    rig,
    origin,
    person: await personAt(scope, rig, alice),
    browser,
    sibling: `https://evil.corp.test:${port}`,
    stranger: `https://elsewhere.test:${port}`,
    serve: (next) => void (page = next),
  }
}

async function startHost(scope: Scope, { home }: GatewayRig, page: HostPage): Promise<number> {
  const [cert, key] = await Promise.all(
    ['cert.pem', 'key.pem'].map((name) => readFile(join(home, name))),
  )
  const server = createServer({ cert: cert ?? '', key: key ?? '' }, page)
  scope.defer(() => {
    server.close()
    server.closeAllConnections()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}
