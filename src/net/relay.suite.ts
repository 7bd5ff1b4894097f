import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { ClientHttp2Stream } from 'node:http2'
import { type AddressInfo, createServer, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { describe, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { dial } from './dial.ts'
import { createIdleLimit } from './idle-limit.ts'
import { relay, type RelayEnd, type RelayOptions, type Telling } from './relay.ts'
import { maxInFlightBytes, sendUntilBlocked } from './send-until-blocked.fixture.ts'

/** Two ends of one connection over some transport: `near` is the person's, `far` is given to the relay. */
export interface TransportPair {
  readonly near: Duplex
  readonly far: Duplex
  close(): void
}

export interface Transport {
  readonly name: string
  /** Whether the transport tells an abort apart from an end. */
  readonly tellsReset: boolean
  /** Runs the suite the other way round: the relay gets `far` as its upstream, and TCP as its client. */
  readonly isUpstream?: boolean
  /** Why one end is the end of both directions there: the tests of a half-closed tunnel are skipped for it. */
  readonly endsBothWays?: string
  open(): Promise<TransportPair>
}

/** One end of a tunnel as a program sees it: everything read so far, and how reading ended. */
interface Reader {
  readonly ended: Promise<{ bytes: Buffer; how: 'end' | 'reset' }>
}

interface Rig extends AsyncDisposable {
  readonly client: Duplex
  readonly service: Socket
  readonly end: Promise<RelayEnd>
}

/** What every transport under the relay must do; each transport's test calls this once. */
export function relaySuite(transport: Transport): void {
  const halfClosed = { skip: transport.endsBothWays ?? false }
  describe(`relay over ${transport.name}`, () => {
    test('carries every byte both ways at once', halfClosed, async () => {
      await using rig = await openRig(transport)
      const [up, down] = [randomBytes(3_000_017), randomBytes(5_000_011)]
      const [atService, atClient] = [read(rig.service), read(rig.client)]
      rig.client.end(up)
      rig.service.end(down)
      assert.equal(digest((await atService.ended).bytes), digest(up))
      assert.equal(digest((await atClient.ended).bytes), digest(down))
      const { bytesUp, bytesDown } = await rig.end
      assert.deepEqual({ bytesUp, bytesDown }, { bytesUp: up.length, bytesDown: down.length })
    })

    test('counts bytes as they pass, not at the end alone', halfClosed, async () => {
      const bytes = { up: 0, down: 0 }
      await using rig = await openRig(transport, { bytes })
      await exchange(rig)
      assert.deepEqual(bytes, { up: 1, down: 1 })
      const arrived = readBytes(rig.service, 100_003)
      rig.client.write(randomBytes(100_003))
      await arrived
      const [up, down] = transport.isUpstream === true ? [1, 100_004] : [100_004, 1]
      assert.deepEqual(bytes, { up, down })
      rig.client.resume().end()
      rig.service.resume().end('bye')
      const { bytesUp, bytesDown } = await rig.end
      assert.deepEqual({ bytesUp, bytesDown }, { bytesUp: 100_004, bytesDown: 4 })
      assert.deepEqual(bytes.up + bytes.down, 100_008)
    })

    test('keeps the answer flowing after the client has ended its side', halfClosed, async () => {
      await using rig = await openRig(transport)
      const [atService, atClient] = [read(rig.service), read(rig.client)]
      rig.client.end('question')
      assert.equal((await atService.ended).bytes.toString(), 'question')
      const answer = randomBytes(1_000_003)
      rig.service.end(answer)
      const { bytes, how } = await atClient.ended
      assert.deepEqual({ hash: digest(bytes), how }, { hash: digest(answer), how: 'end' })
      assert.equal((await rig.end).cause, 'client-closed')
    })

    test('keeps the client sending after the upstream has ended its side', halfClosed, async () => {
      await using rig = await openRig(transport)
      const [atService, atClient] = [read(rig.service), read(rig.client)]
      rig.service.end('greeting')
      assert.equal((await atClient.ended).bytes.toString(), 'greeting')
      const upload = randomBytes(1_000_003)
      rig.client.end(upload)
      assert.equal(digest((await atService.ended).bytes), digest(upload))
      assert.equal((await rig.end).cause, 'upstream-closed')
    })

    test('passes on an end that came before it began, from either side', halfClosed, async () => {
      await using rig = await openRig(transport, {}, async ({ near, far, service, upstream }) => {
        near.on('error', () => undefined).end()
        service.end()
        // What nobody reads yet still reports its end, on a socket even without a listener for it.
        const ends = [far, upstream].map((stream) =>
          Promise.race([once(stream, 'end'), once(stream, 'readable')]),
        )
        await Promise.all(ends)
      })
      const [atService, atClient] = [read(rig.service), read(rig.client)]
      const ended = await Promise.all([atService.ended, atClient.ended])
      assert.deepEqual(
        ended.map(({ how }) => how),
        ['end', 'end'],
      )
      assert.match((await rig.end).cause, /^(?:client|upstream)-closed$/)
    })

    test('tells the client when the upstream resets', async () => {
      await using rig = await openRig(transport)
      const atClient = read(rig.client)
      await exchange(rig)
      rig.service.resetAndDestroy()
      assert.equal((await atClient.ended).how, transport.tellsReset ? 'reset' : 'end')
      assert.equal((await rig.end).cause, 'upstream-reset')
    })

    test('resets the upstream when the client is lost', async () => {
      await using rig = await openRig(transport)
      const atService = read(rig.service)
      await exchange(rig)
      resetNear(rig.client)
      const { how } = await atService.ended
      assert.equal(how, transport.tellsReset ? 'reset' : how)
      if (!transport.tellsReset) rig.service.end()
      const { cause } = await rig.end
      if (transport.tellsReset) assert.equal(cause, 'client-reset')
    })

    test(
      'resets the upstream when the client is lost after the upstream has ended',
      halfClosed,
      async () => {
        await using rig = await openRig(transport)
        const [atService, atClient] = [read(rig.service), read(rig.client)]
        rig.service.end('greeting')
        assert.equal((await atClient.ended).bytes.toString(), 'greeting')
        rig.client.write('half of an upl')
        await once(rig.service, 'data')
        loseNear(rig.client)
        if (!transport.tellsReset) return
        assert.equal((await atService.ended).how, 'reset')
        assert.equal((await rig.end).cause, 'client-reset')
      },
    )

    test('stops reading from the upstream while the client does not read', halfClosed, async () => {
      await using rig = await openRig(transport)
      const sentBytes = await sendUntilBlocked(rig.service)
      assert.ok(sentBytes < maxInFlightBytes, `${sentBytes} bytes were taken from a stopped reader`)
      const atClient = read(rig.client)
      rig.service.end()
      rig.client.end()
      assert.equal((await atClient.ended).bytes.length, sentBytes)
    })

    test('stops reading from the client while the upstream does not read', async () => {
      await using rig = await openRig(transport)
      const sentBytes = await sendUntilBlocked(rig.client)
      assert.ok(sentBytes < maxInFlightBytes, `${sentBytes} bytes were taken from a stopped reader`)
      const atService = read(rig.service)
      rig.client.end()
      assert.equal((await atService.ended).bytes.length, sentBytes)
    })

    test('ends an idle tunnel after its limit, and only then', async () => {
      await using rig = await openRig(transport, { idle: createIdleLimit(150) })
      const [atService, atClient] = [read(rig.service), read(rig.client)]
      const startedMs = performance.now()
      await exchange(rig)
      assert.equal((await rig.end).cause, 'idle-timeout')
      assert.ok(performance.now() - startedMs >= 145)
      await Promise.all([atService.ended, atClient.ended])
    })

    test('ends at another idle limit that came while it was open', async () => {
      const idle = createIdleLimit(0)
      await using rig = await openRig(transport, { idle })
      const [atService, atClient] = [read(rig.service), read(rig.client)]
      await exchange(rig)
      const changedMs = performance.now()
      idle.change(150)
      assert.equal((await rig.end).cause, 'idle-timeout')
      assert.ok(performance.now() - changedMs >= 145)
      await Promise.all([atService.ended, atClient.ended])
    })

    test('cuts both sides when its signal is aborted', async () => {
      const controller = new AbortController()
      await using rig = await openRig(transport, { signal: controller.signal })
      const [atService, atClient] = [read(rig.service), read(rig.client)]
      await exchange(rig)
      controller.abort()
      assert.equal((await atService.ended).how, 'reset')
      assert.equal((await atClient.ended).how, transport.tellsReset ? 'reset' : 'end')
      assert.equal((await rig.end).cause, 'cut')
    })

    test('has last words for the client behind all that has passed, and cuts the other side', async (t) => {
      const controller = new AbortController()
      const telling = tellingWith('bye')
      await using rig = await openRig(transport, { signal: controller.signal, telling })
      const { told, cut } = sidesOf(rig, transport)
      await exchange(rig)
      const [atTold, atCut] = [read(told), read(cut)]
      t.mock.timers.enable({ apis: ['setTimeout'] })
      controller.abort()
      for (const side of [told, cut]) if (side.writable) side.write('too late')
      const { bytes, how } = await atTold.ended
      assert.deepEqual([bytes.toString(), how], ['bye', 'end'])
      if (cut === rig.service || transport.tellsReset)
        assert.equal((await atCut.ended).how, 'reset')
      assert.deepEqual(telling.seen, { up: '.', down: '.' })
      const end = await rig.end
      assert.equal(end.cause, 'cut')
      assert.deepEqual(telling.causes, ['cut'])
      // A client that goes on is cut off after that.
      t.mock.timers.tick(1_999)
      assert.equal(await Promise.race([end.told, nextTurn('still there')]), 'still there')
      t.mock.timers.tick(1)
      await end.told
      // A side that has read an end hears of nothing until it writes; a WebSocket of plain bytes, 30 s after that.
      for (; !told.destroyed; await nextTurn()) {
        told.write('to nobody')
        t.mock.timers.tick(30_000)
      }
    })

    test('is gone with a client that ends as well once it was told', async (t) => {
      const controller = new AbortController()
      const telling = tellingWith('bye')
      await using rig = await openRig(transport, { signal: controller.signal, telling })
      const { told } = sidesOf(rig, transport)
      await exchange(rig)
      t.mock.timers.enable({ apis: ['setTimeout'] })
      told.once('end', () => told.end())
      controller.abort()
      const { told: isGone } = await rig.end
      assert.ok(isGone)
      await isGone
    })

    test('has no last words where none may stand, nor for a client whose service is lost', async () => {
      const controller = new AbortController()
      const silent = tellingWith(undefined)
      await using rig = await openRig(transport, { signal: controller.signal, telling: silent })
      await exchange(rig)
      const { told } = sidesOf(rig, transport)
      const atTold = read(told)
      controller.abort()
      assert.equal((await atTold.ended).bytes.length, 0)
      assert.equal((await rig.end).told, undefined)

      const telling = tellingWith('bye')
      await using lost = await openRig(transport, { telling })
      await exchange(lost)
      const { told: bereft, cut } = sidesOf(lost, transport)
      const atBereft = read(bereft)
      resetNear(cut)
      assert.equal((await atBereft.ended).bytes.length, 0)
      assert.deepEqual(telling.causes, [])
    })

    test('ends at once when its signal was aborted before', async () => {
      await using rig = await openRig(transport, { signal: AbortSignal.abort() })
      const atClient = read(rig.client)
      assert.equal((await rig.end).cause, 'cut')
      await atClient.ended
    })
  })
}

/** All four streams, before the relay has two of them. */
interface Streams {
  readonly near: Duplex
  readonly far: Duplex
  readonly upstream: Socket
  readonly service: Socket
}

async function openRig(
  transport: Transport,
  options: RelayOptions = {},
  before: (streams: Streams) => Promise<void> = () => Promise.resolve(),
): Promise<Rig> {
  const server = createServer({ allowHalfOpen: true, noDelay: true })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const accepted = once(server, 'connection') as Promise<[Socket]>
  const upstream = await dial({ host: '127.0.0.1', port: (server.address() as AddressInfo).port })
  const [[service], pair] = [await accepted, await transport.open()]
  for (const stream of [service, pair.near]) stream.on('error', () => undefined)
  await before({ ...pair, upstream, service })
  const end =
    transport.isUpstream === true
      ? relay(upstream, pair.far, options).then(turned)
      : relay(pair.far, upstream, options)
  return {
    client: pair.near,
    service,
    end,
    async [Symbol.asyncDispose]() {
      service.destroy()
      pair.near.destroy()
      pair.close()
      server.close()
      await end
    },
  }
}

/** Keeps what it sees, and always has the same to say. */
function tellingWith(words: string | undefined): Telling & {
  readonly seen: { up: string; down: string }
  readonly causes: string[]
} {
  const seen = { up: '', down: '' }
  const causes: string[] = []
  return {
    seen,
    causes,
    followUp: (bytes) => void (seen.up += bytes.toString()),
    followDown: (bytes) => void (seen.down += bytes.toString()),
    wordsFor(cause) {
      causes.push(cause)
      return words === undefined ? undefined : Buffer.from(words)
    },
  }
}

/** The relay's client, which is told, and its upstream. */
function sidesOf({ client, service }: Rig, { isUpstream }: Transport) {
  return isUpstream === true ? { told: service, cut: client } : { told: client, cut: service }
}

/** An end as it would be with client and upstream in each other's place. */
function turned({ cause, bytesUp, bytesDown, ...rest }: RelayEnd): RelayEnd {
  const other = {
    'client-closed': 'upstream-closed',
    'upstream-closed': 'client-closed',
    'client-reset': 'upstream-reset',
    'upstream-reset': 'client-reset',
  } as const
  const turnedCause = Object.hasOwn(other, cause) ? other[cause as keyof typeof other] : cause
  return { ...rest, cause: turnedCause, bytesUp: bytesDown, bytesDown: bytesUp }
}

/** Resolves when so many bytes have come. */
function readBytes(stream: Duplex, wanted: number): Promise<void> {
  let got = 0
  return new Promise((resolve) => {
    stream.on('data', (chunk: Buffer) => {
      got += chunk.length
      if (got >= wanted) resolve()
    })
  })
}

function read(stream: Duplex): Reader {
  const chunks: Buffer[] = []
  let sawEnd = false
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  const ended = new Promise<{ bytes: Buffer; how: 'end' | 'reset' }>((resolve) => {
    const finish = (how: 'end' | 'reset'): void => resolve({ bytes: Buffer.concat(chunks), how })
    // A server's HTTP/2 stream that is over ends by itself where nobody has read it yet.
    if (stream.readableEnded) finish('end')
    stream.on('end', () => {
      sawEnd = !('aborted' in stream && stream.aborted === true)
      if (sawEnd) finish('end')
    })
    stream.on('error', () => finish('reset'))
    stream.on('close', () => finish(sawEnd ? 'end' : 'reset'))
  })
  return { ended }
}

/** One byte each way, so that the tunnel is known to run. */
async function exchange({ client, service }: Rig): Promise<void> {
  const arrived = [once(service, 'data'), once(client, 'data')]
  service.write('.')
  client.write('.')
  await Promise.all(arrived)
}

function resetNear(stream: Duplex): void {
  const isTcp = stream instanceof Socket && !('encrypted' in stream) && stream.remoteAddress
  if (isTcp) stream.resetAndDestroy()
  else stream.destroy(new Error('client aborts'))
}

/** A client that is gone with its whole connection, without a word about its stream. */
function loseNear(stream: Duplex): void {
  const session = 'session' in stream ? (stream as ClientHttp2Stream).session : undefined
  if (session === undefined) resetNear(stream)
  else session.destroy()
}

function digest(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}
