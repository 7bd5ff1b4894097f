import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { calculateJwkThumbprint } from 'jose'
import { systemClock } from '../../src/clock.ts'
import { join as joinFake } from '../../src/connector/connector.fixture.ts'
import type { AcceptedLink } from '../../src/connector/fake-gateway.fixture.ts'
import { localActor } from '../../src/control/change.ts'
import { createAuthority } from '../../src/control/authority.ts'
import { signingKeyOperations } from '../../src/control/signing-keys.ts'
import { messageOf } from '../../src/errors.ts'
import { echo, startService } from '../../src/gateway/gateway.fixture.ts'
import type { GrantKey, TunnelCredential } from '../../src/tunnel/tunnel-credential.ts'
import { openBy } from '../../src/upstream/upstream.fixture.ts'
import { openHarbour, type Harbour } from './harbour.ts'

describe('a rotation of the key that grants are signed with', () => {
  test('is taken over by connectors that run, on every connection, and kept', async () => {
    await using rig = await openRig()
    const kept: (readonly GrantKey[])[] = []
    const keepKeys = async (keys: readonly GrantKey[]) => void kept.push(keys)
    const joined = await rig.join(rig.before, { keepKeys })
    const { key, connectors, untrusting } = await rig.rotate()
    assert.deepEqual([connectors, untrusting], [1, []])
    for (const { grantKeys } of rig.harbour.links.list())
      assert.deepEqual(grantKeys, [await rig.firstKid, key])
    await rig.open()
    assert.deepEqual(await Promise.all(kept.map(kidsOf)), [[key, await rig.firstKid]])
    await joined.log.line(/^the gateway has another key for its grants/)
    const audit = rig.harbour.lines.filter(({ message }) => message === 'signing key rotated')
    assert.deepEqual(
      audit.map((line) => [line['purpose'], line['key-id']]),
      [['connector-grant', key]],
    )
  })

  test('is told to connectors that nobody uses, whoever has made it', async () => {
    await using rig = await openRig()
    await rig.join(rig.before)
    const { kid } = await rig.harbour.publishing.signingKeys.rotate('connector-grant')
    await rig.trusted(kid)
    const forgotten = await rig.harbour.publishing.signingKeys.forgetRetired('connector-grant')
    assert.deepEqual(forgotten, [await rig.firstKid])
    while (rig.harbour.links.list().some(({ grantKeys }) => grantKeys?.length !== 1)) await turn()
  })

  test('is taken over by a connector that was away for any number of them, as often as it starts', async () => {
    await using rig = await openRig()
    await rig.rotate()
    const { key } = await rig.rotate()
    // As by a token in an environment variable: nothing is kept anywhere.
    for (let start = 0; start < 2; start += 1) {
      const { connector } = await rig.join(rig.before)
      await rig.trusted(key)
      await rig.open()
      await connector.close(0)
    }
  })

  test('leaves a token that is printed afterwards with the new key alone', async () => {
    await using rig = await openRig()
    const { key } = await rig.rotate()
    const after = await rig.harbour.credentialOf(rig.tunnelId)
    assert.deepEqual(await kidsOf(after.grantKeys), [key])
    await rig.join(after)
    await rig.open()
    assert.deepEqual(rig.harbour.links.list()[0]?.grantKeys, [key])
  })

  test('serves a connector that does not answer by the key before, and names it', async () => {
    await using rig = await openRig({ answerTimeoutMs: 20 })
    const deaf = await rig.harbour.joinDeaf(rig.before)
    const { connectors, untrusting } = await rig.rotate()
    assert.deepEqual([connectors, untrusting.map(({ id }) => id)], [0, [deaf]])
    // It refuses whatever it is asked, and is asked with a grant that it could believe.
    await assert.rejects(rig.open(), ({ cause }: Error) => /takes no more/.test(messageOf(cause)))
  })
})

describe('a key that is forgotten', () => {
  test('opens nothing at a connector that runs, which goes on with the new one', async () => {
    await using rig = await openRig()
    const kept: (readonly GrantKey[])[] = []
    const joined = await rig.join(rig.before, {
      keepKeys: async (keys) => void kept.push(keys),
    })
    const { key } = await rig.rotate()
    const { forgotten, cut } = await rig.operations.forgetSigningKeys(localActor, 'connector-grant')
    assert.deepEqual([forgotten, cut], [[await rig.firstKid], []])
    for (const { grantKeys } of rig.harbour.links.list()) assert.deepEqual(grantKeys, [key])
    await rig.open()
    assert.deepEqual(await kidsOf(kept.at(-1) ?? []), [key])
    assert.equal(joined.ready > 0, true)
    const [line] = rig.harbour.lines.filter(
      ({ message }) => message === 'former signing keys forgotten',
    )
    assert.deepEqual(line?.['forgotten-key-ids'], forgotten)
  })

  test('keeps connectors out that know no other, with the next step', async () => {
    await using rig = await openRig()
    await rig.rotate()
    await rig.operations.forgetSigningKeys(localActor, 'connector-grant')
    const { failed } = await rig.join(rig.before)
    const error = await failed
    assert.equal((error as { code?: string }).code, 'tunnel-refused')
    assert.match(error.message, /^no key that this credential trusts is one of this gateway/)
  })

  test('is forgotten by a connector that learnt of a newer one and was away then', async () => {
    await using rig = await openRig()
    await rig.rotate()
    const both = [
      ...(await rig.harbour.credentialOf(rig.tunnelId)).grantKeys,
      ...rig.before.grantKeys,
    ]
    await rig.operations.forgetSigningKeys(localActor, 'connector-grant')
    const { key } = await rig.rotate()
    await rig.join({ ...rig.before, grantKeys: both })
    await rig.trusted(key)
    const [link] = rig.harbour.links.list()
    assert.ok(!link?.grantKeys?.includes(await rig.firstKid))
    await rig.open()
  })

  test('ends the connections of connectors that have not learnt of another, and of no others', async () => {
    await using rig = await openRig({ answerTimeoutMs: 20 })
    const deaf = await rig.harbour.joinDeaf(rig.before)
    await rig.rotate()
    const fresh = await rig.join(await rig.harbour.credentialOf(rig.tunnelId))
    const { cut } = await rig.operations.forgetSigningKeys(localActor, 'connector-grant')
    assert.deepEqual(
      cut.map(({ id }) => id),
      [deaf],
    )
    await rig.harbour.line(
      (entry) => entry['message'] === 'connector gone' && entry['why'] === 'keys-forgotten',
    )
    assert.ok(fresh.ready > 0)
    await rig.open()
  })
})

test('whoever has the name, certificate and secret of a gateway, and not its key, opens nothing', async (t) => {
  let dialled = 0
  await using service = await startService(() => (dialled += 1))
  await using genuine = await openRig()
  // It is asked for, and taken, as the gateway would be; only the credential's keys are another's.
  const { gateway, log, connector } = await joinFake(
    t,
    `  - service: tcp://127.0.0.1:${service.port}\n`,
    {
      credential: { ...genuine.before, tunnelId: '11111111-2222-4333-8444-555555555555' },
      secret: genuine.before.secret,
    },
  )
  await connector.registered
  const [link] = gateway.links as [AcceptedLink]
  const badGrant = { code: 'connector-bad-grant' }
  await assert.rejects(gateway.open(link), badGrant)
  // Nor by a key of its own, that its own one vouches for.
  link.end.control.send({ type: 'grant-key', signed: await gateway.rotateKey(link) })
  await log.line(/^a new grant key of the gateway is not trusted/)
  await assert.rejects(gateway.open(link), badGrant)
  assert.equal(dialled, 0)
})

describe('clocks that differ', () => {
  for (const [skewS, words] of [
    [-59, undefined],
    [85, undefined],
    [-65, /it was made 6[4-6] s from now, by the clock of the connector: compare the clocks/],
    [95, /it has expired 6[4-7] s ago, by the clock of the connector: compare the clocks/],
  ] as const) {
    const outcome = words === undefined ? 'is served' : 'is refused in words that name the clocks'
    test(`a connector that is ${skewS} s ahead ${outcome}`, async () => {
      await using rig = await openRig()
      const clock = { now: () => Date.now() + skewS * 1000, schedule: systemClock.schedule }
      const { log } = await rig.join(rig.before, { clock })
      if (words === undefined) return await rig.open()
      await assert.rejects(rig.open(), ({ cause }: Error) => words.test(messageOf(cause)))
      await log.line(words)
    })
  }
})

/** A gateway with a named tunnel, and what its token was before anything else. */
async function openRig({ answerTimeoutMs }: { readonly answerTimeoutMs?: number } = {}) {
  const service = await startService(echo)
  const harbour = await openHarbour({
    clock: {
      now: () => systemClock.now(),
      // How long a connector may take to answer for a key.
      schedule: (delayMs, callback) =>
        systemClock.schedule(delayMs === 3_000 ? (answerTimeoutMs ?? delayMs) : delayMs, callback),
    },
  })
  const { publishing, links, audit, log } = harbour
  const operations = signingKeyOperations({
    authority: createAuthority({ roleOf: () => undefined, sessionVersion: () => undefined }),
    signingKeys: publishing.signingKeys,
    links,
    namedTunnels: publishing.namedTunnels,
    audit,
    logger: log.service('control'),
  })
  const tunnelId = await harbour.createTunnel()
  const before = await harbour.credentialOf(tunnelId)
  const way = { kind: 'connector', tunnel: tunnelId, service: undefined } as const
  return {
    harbour,
    operations,
    tunnelId,
    before,
    firstKid: kidsOf(before.grantKeys).then(([kid = '']) => kid),
    rotate: () => operations.rotateSigningKey(localActor, 'connector-grant'),
    /** Resolves once it has all its connections, or none for good. */
    async join(credential: TunnelCredential, options: Parameters<Harbour['join']>[2] = {}) {
      const rules = `  - service: tcp://127.0.0.1:${service.port}\n`
      const joined = await harbour.join(credential, rules, options)
      const all = [0, 1, 2, 3].map((index) => joined.log.line(new RegExp(`connIndex=${index} `)))
      await Promise.race([Promise.all(all), joined.failed])
      return joined
    },
    /** Resolves once every connection there is has taken a key over. */
    async trusted(kid: string) {
      const isTrusted = (): boolean => {
        const all = links.list()
        return (
          all.length > 0 &&
          all.every(({ grantKeys }) => grantKeys?.[0] !== undefined && grantKeys.includes(kid))
        )
      }
      while (!isTrusted()) await turn()
    },
    /** A tunnel that carries something. */
    async open() {
      const { stream } = await openBy(way, { links })
      stream.write('?')
      await once(stream, 'data')
      stream.destroy()
    },
    async [Symbol.asyncDispose]() {
      await harbour[Symbol.asyncDispose]()
      await service[Symbol.asyncDispose]()
    },
  }
}

async function kidsOf(keys: readonly GrantKey[]): Promise<readonly string[]> {
  return Promise.all(keys.map((key) => calculateJwkThumbprint(key)))
}
