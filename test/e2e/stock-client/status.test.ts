import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe } from 'node:test'
import { createCookieJar } from '../../../src/dev-idp/cookie-jar.ts'
import { peerTest } from '../peers.ts'
import { exchange } from '../person.ts'
import { alice, carol, route, type GatewayRig, type RouteEntry } from '../rig.ts'
import type { Scope } from '../scope.ts'
import {
  ask,
  clientAuthority,
  connectBytes,
  dial,
  down,
  openTunnel,
  signIn,
  startStock,
  target,
} from './stock.ts'

/** Routes of other kinds: for everybody, for nobody, and for those who show a certificate. */
const open = 'open.example.com:7'
const openDown = 'open-down.example.com:7'
const closed = 'closed.example.com:7'
const bare = 'bare.example.com:7'
const certificate = 'certificate.example.com:7'
const unknown = 'unknown.example.com:7'

const routes: readonly RouteEntry[] = [
  { ...route(open, 1), policy: [{ allow: { or: [{ accept: true }] } }] },
  { ...route(openDown, 1), policy: [{ allow: { or: [{ accept: true }] } }] },
  { ...route(closed, 1), policy: [{ allow: { or: [{ reject: true }] } }] },
  // No policy at all.
  { from: `tcp+https://${bare}`, to: 'tcp://127.0.0.1:1', name: 'bare' },
  {
    ...route(certificate, 1),
    policy: [
      { allow: { or: [{ accept: true }] } },
      { deny: { or: [{ invalid_client_certificate: true }] } },
    ],
  },
]

describe('G4: the statuses of a CONNECT', () => {
  peerTest('say what each kind of route says to each kind of caller', [], async (scope) => {
    const { ca_file } = await clientAuthority(scope)
    const rig = await startStock(
      scope,
      { downstream_mtls: { ca_file, enforcement: 'policy' } },
      routes,
    )
    const { token, denied, ended } = await people(scope, rig)
    // What the client does: it signs in for 302 and 401, keeps its token for 403 and 503, and forgets
    // it for every other number.
    const expected: Readonly<Record<string, readonly number[]>> = {
      //          nobody, Alice, Carol, signed out, garbage
      [target]: [302, 200, 403, 401, 401],
      [down]: [302, 503, 403, 401, 401],
      [openDown]: [503, 503, 503, 503, 503],
      [closed]: [403, 403, 403, 403, 403],
      [bare]: [403, 403, 403, 403, 403],
      [certificate]: [495, 495, 495, 495, 495],
      [unknown]: [404, 404, 404, 404, 404],
    }
    const callers = [undefined, token, denied, ended, 'e30.e30.e30']
    const statuses = async (authority: string): Promise<readonly number[]> =>
      Promise.all(callers.map(async (it) => (await openTunnel(scope, rig, authority, it)).status))
    for (const [authority, wanted] of Object.entries(expected))
      assert.deepEqual(await statuses(authority), wanted, authority)
  })

  peerTest('name the sign-in page in a redirect, and only there', [], async (scope) => {
    const rig = await startStock(scope)
    const locationOf = (head: string): string | undefined => /^location: (.*)\r$/im.exec(head)?.[1]
    const first = await openTunnel(scope, rig, target)
    assert.equal(locationOf(first.head), `${rig.origin}/.pomerium/sign_in`)
    const stale = await openTunnel(scope, rig, target, 'worthless')
    assert.deepEqual([stale.status, locationOf(stale.head)], [401, undefined])
  })

  peerTest('are the final answer at once: never an interim one', [], async (scope) => {
    const rig = await startStock(scope)
    const token = await signIn(scope, rig)
    const head = connectBytes(target, token).replace('\r\n\r\n', '\r\nExpect: 100-continue\r\n\r\n')
    const { status } = await ask(await dial(scope, rig), head)
    assert.equal(status, 200)
  })

  peerTest('end their connection in order, whatever was sent behind', [], async (scope) => {
    const rig = await startStock(scope)
    const { socket } = await ask(
      await dial(scope, rig),
      connectBytes(unknown) + 'x'.repeat(100_000),
    )
    socket.resume().end()
    await once(socket, 'end')
  })
})

describe('G7: the token', () => {
  peerTest('opens a tunnel in each header that may carry it', [], async (scope) => {
    const rig = await startStock(scope)
    const token = await signIn(scope, rig)
    const headers = [
      `Authorization: Pomerium ${token}`,
      `authorization: pomerium ${token}`,
      `Authorization: Bearer Pomerium-${token}`,
      `X-Pomerium-Authorization: ${token}`,
    ]
    for (const field of headers) {
      const { status, socket } = await askWith(scope, rig, target, field)
      assert.equal(status, 200, field.replace(token, 'TOKEN'))
      assert.equal(await exchange(socket, 'hello'), 'hello')
    }
    // The first that holds anything wins, also when it is worthless.
    const both = ['X-Pomerium-Authorization: worthless', `Authorization: Pomerium ${token}`]
    assert.equal((await askWith(scope, rig, target, ...both)).status, 401)
  })

  peerTest('never opens one from a cookie or a query', [], async (scope) => {
    const rig = await startStock(scope)
    const jar = createCookieJar()
    const token = await signIn(scope, rig, { jar })
    // What Alice's own browser would send, and what somebody might copy into it.
    const own = jar.header(new URL(rig.origin)) ?? ''
    assert.match(own, /__Host-postern=/)
    for (const cookie of [own, `__Host-postern=${token}`, `__Host-postern=${token}; ${own}`]) {
      assert.equal((await askWith(scope, rig, target, `Cookie: ${cookie}`)).status, 302)
    }
    for (const query of [`?pomerium_session=${token}`, `/?pomerium_session=${token}`]) {
      assert.equal((await openTunnel(scope, rig, `${target}${query}`)).status, 400)
    }
    const referer = `Referer: ${rig.origin}/?pomerium_session=${token}`
    assert.equal((await askWith(scope, rig, target, referer)).status, 302)
    assert.equal(
      (await askWith(scope, rig, target, `Proxy-Authorization: Pomerium ${token}`)).status,
      302,
    )
    assert.ok(!rig.lines.text().includes(token))
  })

  peerTest('is good for every route and name of one gateway', [], async (scope) => {
    const rig = await startStock(scope, {}, [route('other.example.com:22', 1)])
    const token = await signIn(scope, rig, { host: 'echo.example.com' })
    assert.equal((await openTunnel(scope, rig, target, token)).status, 200)
    assert.equal((await openTunnel(scope, rig, down, token)).status, 503)
    assert.equal((await openTunnel(scope, rig, 'other.example.com:22', token)).status, 503)
  })
})

/** Alice's token, Carol's, and one whose session has ended. */
async function people(
  scope: Scope,
  rig: GatewayRig,
): Promise<{ token: string; denied: string; ended: string }> {
  const ended = await signIn(scope, rig)
  const revoke = ['gateway', 'sessions', 'revoke', '-c', rig.configPath, alice]
  const { ending, errors } = await rig.postern(...revoke)
  assert.equal(ending, 0, errors)
  return {
    token: await signIn(scope, rig),
    denied: await signIn(scope, rig, { email: carol }),
    ended,
  }
}

async function askWith(scope: Scope, rig: GatewayRig, authority: string, ...fields: string[]) {
  const head = connectBytes(authority).replace(/\r\n\r\n$/, `\r\n${fields.join('\r\n')}\r\n\r\n`)
  return ask(await dial(scope, rig), head)
}
