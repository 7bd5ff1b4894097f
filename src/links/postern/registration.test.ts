import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { PeerError } from '../../errors.ts'
import { isProof, proofOf } from '../../tunnel/connector/proof.ts'
import {
  heard,
  join,
  openHarbour,
  openStream,
  provingOn,
  secret,
  tunnel,
} from './postern.fixture.ts'

describe('a registration', () => {
  test('is answered with the id of its connection, and lists it', async () => {
    await using harbour = await openHarbour()
    const { answer } = await join(harbour, { connIndex: 2, version: '1.2\u001b[2J' })
    const [link] = harbour.links.list()
    assert.deepEqual(answer, {
      type: 'registered',
      connectionId: link?.id,
      location: 'gateway.test',
      notices: [],
    })
    assert.equal(link?.connIndex, 2)
    assert.equal(link.version, '1.2 [2J')
    assert.equal(link.isReady, true)
  })

  const refusals = [
    ['another tunnel', { tunnelId: 'no-such' }, 'unknown-tunnel', false],
    ['another secret', { secret: Buffer.alloc(32, 8) }, 'wrong-secret', false],
    ['a part of the secret', { secret: secret.subarray(1) }, 'wrong-secret', false],
    ['keys of another gateway', { grantKeys: ['other'] }, 'grant-keys-unknown', false],
    ['no id', { connectorId: 'a\nb' }, 'malformed-registration', false],
  ] as const
  for (const [what, more, code, retry] of refusals) {
    test(`with ${what} is refused with its code and a next step`, async () => {
      await using harbour = await openHarbour()
      const { end, answer } = await join(harbour, more)
      assert.ok(answer?.type === 'refused')
      assert.deepEqual([answer.code, answer.retry], [code, retry])
      assert.ok(answer.next.length > 0)
      await end.ended
      assert.deepEqual(harbour.links.list(), [])
      const text = JSON.stringify(harbour.lines)
      const line = harbour.lines.find(({ message }) => message === 'connector refused')
      assert.equal(line?.['why'], code)
      assert.ok(!text.includes(secret.toString('base64url').slice(0, 20)))
    })
  }

  test('is of the same tunnel however its id is written', async () => {
    await using harbour = await openHarbour()
    const { answer } = await join(harbour, { tunnelId: tunnel.id.toUpperCase() })
    assert.equal(answer?.type, 'registered')
    assert.equal(harbour.links.list()[0]?.tunnelId, tunnel.id)
    harbour.endTunnel('tunnel-revoked')
    await harbour.linked(0)
  })

  test('is answered with a proof of the gateway, for this connection', async () => {
    await using harbour = await openHarbour()
    const end = await harbour.connect()
    const proving = provingOn(end)
    end.control.send(proving)
    const answer = await heard(end)
    assert.ok(answer?.type === 'proved' && end.channel !== undefined)
    const parts = { secret, channel: end.channel, applicant: proving }
    assert.equal(isProof(answer.proof, 'gateway', parts), true)
  })

  test('with what another connection was proved with is refused, and so is what the gateway has said', async () => {
    await using harbour = await openHarbour()
    const first = await harbour.connect()
    const proving = provingOn(first)
    first.control.send(proving)
    const answer = await heard(first)
    assert.ok(answer?.type === 'proved')
    const { proof } = answer
    for (const again of [proving, { ...proving, proof }, { ...proving, connIndex: 1 }]) {
      const end = await harbour.connect()
      end.control.send(again)
      const refused = await heard(end)
      assert.equal(refused?.type === 'refused' && refused.code, 'wrong-secret')
    }
    // What it said itself is refused on its own connection, too.
    const end = await harbour.connect()
    const mine = provingOn(end)
    const parts = { secret, channel: end.channel ?? Buffer.alloc(0), applicant: mine }
    end.control.send({ ...mine, proof: proofOf('gateway', parts) })
    assert.equal((await heard(end))?.type, 'refused')
    assert.deepEqual(harbour.links.list(), [])
  })

  test('over TLS 1.2 is refused, whatever it is proved with', async () => {
    await using harbour = await openHarbour()
    const end = await harbour.connect(undefined, { maxVersion: 'TLSv1.2' })
    end.control.send(provingOn(end))
    const answer = await heard(end)
    assert.equal(answer?.type === 'refused' && answer.code, 'tls-too-old')
    await end.ended
  })

  test('of a connector that sends its secret is refused in words that it understands', async () => {
    await using harbour = await openHarbour()
    const end = await harbour.connect()
    const sent = { tunnelId: tunnel.id, secret: secret.toString('base64url'), connectorId: 'c' }
    end.control.send({ ...harbour.registration({ version: '0.1.0' }), ...sent })
    const answer = await heard(end)
    assert.ok(answer?.type === 'refused')
    assert.deepEqual([answer.code, answer.retry], ['unproved-registration', false])
    assert.match(answer.next, /same release/)
    await end.ended
    const line = harbour.lines.find(({ message }) => message === 'connector refused')
    assert.deepEqual([line?.['version'], line?.['why']], ['0.1.0', 'unproved-registration'])
  })

  test('is refused where the secret was replaced since it was proved', async () => {
    await using harbour = await openHarbour({ claim: () => assert.fail('names are claimed') })
    const end = await harbour.connect()
    end.control.send(provingOn(end))
    assert.equal((await heard(end))?.type, 'proved')
    harbour.endTunnel('tunnel-revoked')
    end.control.send(harbour.registration())
    const answer = await heard(end)
    assert.equal(answer?.type === 'refused' && answer.code, 'wrong-secret')
    assert.deepEqual(harbour.links.list(), [])
  })

  test('is refused in the words of a host name that it may not have', async () => {
    const claim = () =>
      Promise.reject(new PeerError('hostname-taken', '"a" is taken', { hint: 'b' }))
    await using harbour = await openHarbour({ claim })
    const { answer } = await join(harbour, { hostnames: ['a'] })
    assert.deepEqual(answer, {
      type: 'refused',
      code: 'hostname-taken',
      message: '"a" is taken',
      next: 'b',
      retry: false,
    })
  })

  test('may be tried again where a failure of the gateway refuses it, which is not told', async () => {
    const claim = () => Promise.reject(new Error('SQLITE_CORRUPT at /var/lib'))
    await using harbour = await openHarbour({ claim })
    const { answer } = await join(harbour, { hostnames: ['a'] })
    assert.ok(answer?.type === 'refused' && answer.retry)
    assert.ok(!JSON.stringify(answer).includes('SQLITE'))
  })

  test('of a tunnel that is deleted while its names are registered is refused', async () => {
    const claimed = Promise.withResolvers<readonly string[]>()
    const asked = Promise.withResolvers<void>()
    const claim = () => {
      asked.resolve()
      return claimed.promise
    }
    await using harbour = await openHarbour({ claim })
    const joined = join(harbour, { hostnames: ['a'] })
    await asked.promise
    harbour.endTunnel('tunnel-deleted')
    claimed.resolve([])
    const { answer } = await joined
    assert.equal(answer?.type === 'refused' && answer.code, 'tunnel-deleted')
    assert.deepEqual(harbour.links.list(), [])
  })

  test('names the lines that let somebody use its names, where none do', async () => {
    await using harbour = await openHarbour({ isReached: () => false })
    const { answer } = await join(harbour)
    assert.ok(answer?.type === 'registered')
    assert.match(
      answer.notices.join(),
      /"tcp\.site\.com" .*access: \[\{hostname: tcp\.site\.com, policies:/,
    )
    const line = harbour.lines.find(({ message }) => message === 'published names reach nobody')
    assert.match(
      String(line?.['hint']),
      /access: \[\{hostname: tcp\.site\.com, policies: \[\{action/,
    )
  })

  test('of a connection that is there already takes its place at once', async () => {
    await using harbour = await openHarbour()
    const connectorId = 'c1'
    const first = await join(harbour, { connectorId, connIndex: 1 })
    const second = await join(harbour, { connectorId, connIndex: 1 })
    assert.equal(second.answer?.type, 'registered')
    await first.end.ended
    await harbour.linked(1)
    const [link] = harbour.links.list()
    assert.equal(second.answer.connectionId, link?.id)
  })

  test('beside one that drains leaves that its streams', async () => {
    await using harbour = await openHarbour()
    const first = await join(harbour, { connectorId: 'c1' }, (offer) => void offer.accept())
    const stream = await openStream(harbour)
    harbour.links.list()[0]?.drain()
    assert.deepEqual(await heard(first.end), { type: 'draining' })
    await join(harbour, { connectorId: 'c1' })
    assert.equal(stream.destroyed, false)
    assert.equal(harbour.links.list().length, 2)
    assert.equal(harbour.links.list().filter(({ isReady }) => isReady).length, 1)
  })

  test('beyond the most of a tunnel may be tried again', async () => {
    await using harbour = await openHarbour()
    for (let connIndex = 0; connIndex < 100; connIndex += 1)
      await join(harbour, { connectorId: 'c', connIndex })
    const { answer } = await join(harbour, { connectorId: 'd' })
    assert.deepEqual(answer?.type === 'refused' && [answer.code, answer.retry], [
      'too-many-connections',
      true,
    ])
    // In the place of one there is always room.
    const again = await join(harbour, { connectorId: 'c', connIndex: 5 })
    assert.equal(again.answer?.type, 'registered')
  })
})
