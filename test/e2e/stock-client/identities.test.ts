import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { createCertificateAuthority } from '../../../src/net/certificate.ts'
import { peerTest } from '../peers.ts'
import { exchange } from '../person.ts'
import { route, type GatewayRig } from '../rig.ts'
import type { Scope } from '../scope.ts'
import { echo, startService } from '../services.ts'
import { clientAuthority, get, openTunnel, signIn, startStock, target } from './stock.ts'

const robots = 'robots.example.com:7'

describe('"--service-account" of the client', () => {
  peerTest('is sent once the gateway has asked, and opens its routes', [], async (scope) => {
    const { rig, token } = await startWithRobot(scope)
    // The client tries without a token first, and only then uses the one it was given.
    const first = await openTunnel(scope, rig, robots)
    assert.equal(first.status, 302)
    const { status, socket } = await openTunnel(scope, rig, robots, token)
    assert.equal(status, 200)
    assert.equal(await exchange(socket, 'hello'), 'hello')
    assert.equal((await openTunnel(scope, rig, target, token)).status, 403)

    const bearer = { authorization: `Bearer Pomerium-${token}`, accept: 'application/json' }
    const { body } = await get(rig, '/.pomerium/api/v1/routes', bearer)
    const { routes } = JSON.parse(body) as { routes: { name: string }[] }
    assert.deepEqual(
      routes.map(({ name }) => name),
      ['robots'],
    )
    assert.equal(rig.idp.signInCount, 0)
  })

  peerTest('is a JWS with an "exp" that Go can read', [], async (scope) => {
    const { token } = await startWithRobot(scope)
    const [, payload = ''] = token.split('.')
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as { exp?: unknown }
    assert.ok(Number.isInteger(claims.exp))
    assert.equal(token.split('.').length, 3)
  })

  peerTest('is asked for again when it is no longer good', [], async (scope) => {
    const { rig, token } = await startWithRobot(scope)
    const revoke = ['service-account', 'revoke', 'backup', '-c', rig.configPath]
    assert.equal((await rig.postern(...revoke)).ending, 0)
    assert.equal((await openTunnel(scope, rig, robots, token)).status, 401)
  })
})

describe('"--client-cert" of the client', () => {
  peerTest('is shown on each connection, and is asked for before a sign-in', [], async (scope) => {
    const { authority, ca_file } = await clientAuthority(scope)
    const shown = await authority.issueClient({ name: 'laptop', dns: ['laptop.corp.example'] })
    const rig = await startStock(scope, { downstream_mtls: { ca_file } })
    assert.equal((await openTunnel(scope, rig, target)).status, 495)
    assert.equal((await openTunnel(scope, rig, target, undefined, { ...shown })).status, 302)
    const token = await signIn(scope, rig)
    assert.equal((await openTunnel(scope, rig, target, token)).status, 495)
    const { status, socket } = await openTunnel(scope, rig, target, token, { ...shown })
    assert.equal(status, 200)
    assert.equal(await exchange(socket, 'hello'), 'hello')
    const foreign = await (await createCertificateAuthority()).issueClient({ name: 'laptop' })
    assert.equal((await openTunnel(scope, rig, target, token, { ...foreign })).status, 495)
  })
})

async function startWithRobot(scope: Scope): Promise<{ rig: GatewayRig; token: string }> {
  const service = await startService(scope, echo)
  const policy = [{ allow: { or: [{ user: { is: 'backup' } }] } }]
  const rig = await startStock(scope, {}, [{ ...route(robots, service), policy }])
  const create = ['service-account', 'create', 'backup', '-c', rig.configPath, '--expires', '90d']
  const { ending, output, errors } = await rig.postern(...create)
  assert.equal(ending, 0, errors)
  return { rig, token: output.trim() }
}
