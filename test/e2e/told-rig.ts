import assert from 'node:assert/strict'
import type { ToldProtocol } from '../../src/tell/protocols.ts'
import { personAt, type LocalPort, type Person } from './person.ts'
import { alice, route, startRig, type GatewayRig } from './rig.ts'
import type { Scope } from './scope.ts'

const target = 'db.example.com:5432'

/** What a tool says of a tunnel whose sign-in was ended; a regular expression. */
export const told =
  'access to "prod-db" has ended: the sign-in, .* was ended \\(request id [0-9a-f-]{36}\\)'

/** A person whose tool goes through a route with `tell`. */
export interface Through {
  readonly rig: GatewayRig
  readonly person: Person
  readonly port: number
  /** Ends the sign-in; resolves when the log says that each tunnel was told as is expected. */
  revoke(...told: readonly [undefined?]): Promise<void>
  /** Resolves when a tunnel has been reset that was cut since the last call. */
  untilReset(): Promise<void>
}

/** Starts a gateway with such a route to a service's port, and a local port that leads there. */
export async function startThrough(
  scope: Scope,
  tell: ToldProtocol,
  service: number,
): Promise<Through> {
  const rig = await startRig(scope, [{ ...route(target, service), name: 'prod-db', tell }])
  const person = await personAt(scope, rig, alice)
  const local: LocalPort = await person.listen(target)
  let resets = 0
  return {
    rig,
    person,
    port: local.port,
    async revoke(...expected) {
      const isCut = (line: Readonly<Record<string, unknown>>): boolean =>
        line['ended'] === 'session-revoked'
      const before = rig.lines.all(isCut).length
      await rig.postern('gateway', 'sessions', 'revoke', '-c', rig.configPath, alice)
      await rig.lines.first(() => rig.lines.all(isCut).length > before)
      const how = expected.length === 0 ? tell : undefined
      for (const line of rig.lines.all(isCut).slice(before)) assert.equal(line['told'], how)
    },
    async untilReset() {
      resets += 1
      await local.child.says(new RegExp(`(?:the gateway cut the tunnel[^]*){${resets}}`))
    },
  }
}
