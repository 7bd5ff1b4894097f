import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, type NetConnectOpts, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { describe, test } from 'node:test'
import { untilCollected, watchCollected } from '../collected.fixture.ts'
import { UpstreamError, messageOf } from '../errors.ts'
import {
  connectTls,
  echo,
  exchangeHttp1,
  startService,
  type TestGateway,
} from '../gateway/gateway.fixture.ts'
import { dial, type DialOptions } from '../net/dial.ts'
import { decodeProxyHeader, proxyVersions } from '../net/proxy-protocol.ts'
import { maxInFlightBytes, sendUntilBlocked } from '../net/send-until-blocked.fixture.ts'
import type { Route } from '../routes/route.ts'
import type { DialledWay, Upstream, UpstreamWay } from '../routes/upstream-way.ts'
import { directTo, throughGateway } from '../routes/upstream-way.fixture.ts'
import type { OpenUpstreamParts } from './open-upstream.ts'
import {
  head,
  openBy,
  openTunnel,
  readAll,
  readHead,
  routeBy,
  startFirst,
  token,
} from './upstream.fixture.ts'

/** What routes may say of connections to upstreams. */
type DialledOptions = Partial<
  Pick<DialledWay, 'allowsMetadataAddress' | 'leavesMachine' | 'proxyProtocol'>
>

/** One kind of way, as the suite drives it. Every place is a port of this machine. */
export interface TestedWay {
  readonly kind: UpstreamWay['kind']
  /** **Default:** `a KIND way` */
  readonly name?: string
  /** Whether it tells a service that breaks off apart from one that ends. */
  readonly tellsReset: boolean
  /** Why one end is the end of both directions there: the tests of a half-closed tunnel are skipped for it. */
  readonly endsBothWays?: string
  /** Why a service there sees the end of a tunnel that breaks off: that it sees a reset is skipped for it. */
  readonly hidesResets?: string
  /** Why somebody else dials: what routes say of connections to upstreams is skipped for it. */
  readonly isDialledElsewhere?: string
  /** The connections of connectors, where it goes through one. */
  readonly links?: () => OpenUpstreamParts['links']
  to(
    upstreams: readonly (number | Upstream)[],
    more?: DialledOptions,
  ): UpstreamWay | Promise<UpstreamWay>
  /** Makes the place by which connections come to a service. */
  leadTo(serve: (socket: Socket) => void): Promise<Place>
  /** A place that does not open, and what the log says of it. */
  refusing(): Promise<Place & { readonly why: RegExp }>
  /** A place that is never done opening, and is waited for no longer than this. */
  silent(timeoutMs: number): Promise<SilentPlace>
}

interface Place extends AsyncDisposable {
  readonly port: number
}

export interface SilentPlace extends Place {
  readonly parts: Partial<OpenUpstreamParts>
  /** Resolves once it is being opened. */
  readonly asked: Promise<unknown>
  /** Resolves once nothing of that is left. */
  readonly closed: Promise<unknown>
}

/** What every way to an upstream must do; each kind's test calls this once. */
export function waysSuite(tested: TestedWay): void {
  const halfClosed = { skip: tested.endsBothWays ?? false }
  const resetting = { skip: tested.hidesResets ?? false }
  const dialled = { skip: tested.isDialledElsewhere ?? false }
  const startOn = (route: Route): Promise<TestGateway> => startFirst(route, tested.links?.())
  const openWay: typeof openBy = (way, parts, options) =>
    openBy(way, { ...(tested.links && { links: tested.links() }), ...parts }, options)

  describe(tested.name ?? `a ${tested.kind} way`, () => {
    test('carries every byte both ways, and each end by itself', halfClosed, async () => {
      const [up, down] = [randomBytes(1_000_003), randomBytes(700_001)]
      let atService: Promise<Buffer> | undefined
      await using place = await tested.leadTo((socket) => {
        atService = readAll(socket)
        // Only after the client's end: half-close passes the whole way.
        void atService.then(() => socket.end(down))
      })
      await using gateway = await startOn(routeBy(await tested.to([place.port])))
      const socket = await openTunnel(gateway)
      socket.end(up)
      const atClient = await readAll(socket)
      assert.ok(atClient.equals(down))
      assert.ok((await atService)?.equals(up))
      assert.equal(await endOf(gateway), 'client-closed')
    })

    test('keeps the client sending after the service has ended its side', halfClosed, async () => {
      const { promise: received, resolve } = Promise.withResolvers<Buffer>()
      await using place = await tested.leadTo((socket) => {
        resolve(readAll(socket))
        socket.end('greeting')
      })
      await using gateway = await startOn(routeBy(await tested.to([place.port])))
      const socket = await openTunnel(gateway)
      assert.equal((await readAll(socket)).toString(), 'greeting')
      const upload = randomBytes(300_007)
      socket.end(upload)
      assert.ok((await received).equals(upload))
      assert.equal(await endOf(gateway), 'upstream-closed')
    })

    test(
      'breaks off where the tunnel does, so that no half is taken for the whole',
      resetting,
      async () => {
        for (const breakOff of ['client', 'gateway'] as const) {
          const { promise: lost, resolve } = Promise.withResolvers<string>()
          const { promise: arrived, resolve: onArrived } = Promise.withResolvers<void>()
          await using place = await tested.leadTo((socket) => {
            socket.once('data', () => onArrived())
            socket.on('end', () => resolve('end')).on('error', ({ message }) => resolve(message))
          })
          await using gateway = await startOn(routeBy(await tested.to([place.port])))
          const raw = connect({ port: gateway.port, host: '127.0.0.1' })
          const socket = await connectTls(gateway.port, ['http/1.1'], { socket: raw })
          socket.on('error', () => undefined).write(head())
          assert.match(await readHead(socket), /^HTTP\/1\.1 200 /)
          socket.write('half of it')
          await arrived
          if (breakOff === 'client') raw.resetAndDestroy()
          else await gateway.operations.revokeSession({ kind: 'local' }, token)
          assert.equal(await lost, 'read ECONNRESET', breakOff)
          socket.destroy()
        }
      },
    )

    test('tells a service that breaks off apart from one that ends, where it can', async () => {
      await using place = await tested.leadTo((socket) => {
        socket.once('data', () => socket.resetAndDestroy())
      })
      await using gateway = await startOn(routeBy(await tested.to([place.port])))
      const socket = await openTunnel(gateway)
      socket.write('question')
      await readAll(socket)
      socket.end()
      const ended = tested.tellsReset ? 'upstream-reset' : 'upstream-closed'
      assert.equal(await endOf(gateway), ended)
    })

    test('keeps what a service says first for whoever reads later', async () => {
      await using place = await tested.leadTo((socket) => socket.end('220 mail.example.com\r\n'))
      const { stream } = await openWay(await tested.to([place.port]))
      assert.equal((await readAll(stream)).toString(), '220 mail.example.com\r\n')
      stream.destroy()
    })

    test(
      'stops the service while nobody reads, and its writer while the service does not',
      halfClosed,
      async () => {
        const { promise: accepted, resolve } = Promise.withResolvers<Socket>()
        await using place = await tested.leadTo(resolve)
        const { stream } = await openWay(await tested.to([place.port]))
        stream.on('error', () => undefined)
        const service = await accepted
        for (const [writer, reader] of [
          [service, stream],
          [stream, service],
        ] as const) {
          const sentBytes = await sendUntilBlocked(writer)
          assert.ok(sentBytes < maxInFlightBytes, `${sentBytes} bytes were taken`)
          const received = readAll(reader)
          writer.end()
          assert.equal((await received).length, sentBytes)
        }
      },
    )

    test('goes to the next of several where the first does not open', async () => {
      await using place = await tested.leadTo(echo)
      await using refusing = await tested.refusing()
      await using gateway = await startOn(routeBy(await tested.to([refusing.port, place.port])))
      for (let index = 0; index < 4; index += 1) (await openTunnel(gateway)).destroy()
    })

    test('is 503 where no place opens, and the log alone says why', async () => {
      await using refusing = await tested.refusing()
      await using gateway = await startOn(routeBy(await tested.to([refusing.port])))
      const answer = await exchangeHttp1(gateway.port, head())
      assert.match(answer, /^HTTP\/1\.1 503 /)
      assert.doesNotMatch(answer, refusing.why)
      assert.doesNotMatch(answer, /127\.0\.0\.1/)
      const line = await gateway.line((entry) => entry['service'] === 'access')
      assert.equal(line['response-code-details'], 'upstream_unreachable')
      assert.match(String(line['error']), refusing.why)
      assert.match(await gateway.parts.metrics.render(), dialledOnce('failed'))
    })

    test('waits no longer than its limit, and closes what it was opening', async () => {
      await using silent = await tested.silent(100)
      const { asked, closed, parts } = silent
      const opening = openWay(await tested.to([silent.port]), parts)
      await assert.rejects(opening, ({ cause }: Error) => /in time/.test(messageOf(cause)))
      await asked
      await closed
    })

    test('closes what it was opening when nobody waits any more, and tries no other', async () => {
      await using silent = await tested.silent(20_000)
      await using unused = await startService(() => assert.fail('another was tried'))
      const { asked, closed, parts } = silent
      const abort = new AbortController()
      const dialled: string[] = []
      const metrics = { dialled: (outcome: string) => void dialled.push(outcome) }
      const way = await tested.to([silent.port, unused.port])
      const first = { ...parts, random: () => 0, metrics }
      const opening = openWay(way, first, { signal: abort.signal })
      await asked
      abort.abort(new Error('the client is gone'))
      await assert.rejects(opening, { code: 'upstream-unreachable' })
      await closed
      // An attempt that was taken back says nothing about the upstream.
      assert.deepEqual(dialled, [])
    })

    test('opens nothing for somebody who is gone already', async () => {
      await using unused = await startService(() => assert.fail('it was opened'))
      const opening = openWay(await tested.to([unused.port]), {}, { signal: AbortSignal.abort() })
      await assert.rejects(opening, { code: 'upstream-unreachable' })
    })

    for (const proxyProtocol of proxyVersions) {
      test(
        `tells the client's address before any other byte: ${proxyProtocol}`,
        dialled,
        async () => {
          const { promise: first, resolve } = Promise.withResolvers<Buffer>()
          await using place = await startService((socket) => socket.once('data', resolve))
          const endpoints = {
            source: { host: '203.0.113.9', port: 51_000 },
            destination: { host: '192.0.2.1', port: 443 },
          }
          const abort = new AbortController()
          const asked = { signal: abort.signal, endpoints }
          const opening = openWay(await tested.to([place.port], { proxyProtocol }), {}, asked)
          const header = decodeProxyHeader(await first)
          assert.ok(typeof header === 'object')
          const { source, destination } = header
          assert.deepEqual({ source, destination }, endpoints)
          abort.abort()
          await opening.then(
            ({ stream }) => stream.destroy(),
            () => undefined,
          )
        },
      )
    }

    test(
      'refuses a name that leads to the metadata service of a cloud, and only the log says why',
      dialled,
      async () => {
        for (const address of ['169.254.169.254', '64:ff9b::a9fe:a9fe', 'fd00:ec2::254']) {
          const { parts, dialled } = dialTo([address])
          await assert.rejects(openWay(await tested.to([imds]), parts), (error: unknown) => {
            assert.ok(error instanceof UpstreamError)
            assert.equal(error.code, 'upstream-unreachable')
            assert.doesNotMatch(`${error.message} ${error.hint}`, /metadata|169|::/)
            assert.match(
              messageOf(error.cause),
              /"imds\.test:80" is the metadata service of a cloud/,
            )
            assert.ok(messageOf(error.cause).includes(`"allow_metadata_address: true"`))
            return true
          })
          assert.deepEqual(dialled, [])
        }
      },
    )

    test(
      'is judged by each address that is dialled: the others of the name are used',
      dialled,
      async () => {
        await using place = await tested.leadTo(echo)
        const { parts, dialled } = dialTo(['169.254.169.254', '127.0.0.1'], place.port)
        const { stream } = await openWay(await tested.to([imds]), parts)
        assert.deepEqual(dialled, ['127.0.0.1'])
        stream.destroy()
      },
    )

    test(
      'may lead there where the route says so; other link-local addresses need not say it',
      dialled,
      async () => {
        await using place = await tested.leadTo(echo)
        for (const [address, allowsMetadataAddress] of [
          ['169.254.169.254', true],
          ['169.254.1.1', false],
        ] as const) {
          const { parts, dialled } = dialTo([address], place.port)
          const { stream } = await openWay(
            await tested.to([imds], { allowsMetadataAddress }),
            parts,
          )
          assert.deepEqual(dialled, [address])
          stream.destroy()
        }
      },
    )

    test(
      'may lead to the machine of the gateway by its own name alone, where the route leaves it',
      dialled,
      async () => {
        await using place = await tested.leadTo(echo)
        const localhost = { host: 'localhost', port: 80, weight: 1 }
        for (const address of ['127.0.0.1', '::ffff:127.0.0.1', '::1', '0.0.0.0']) {
          const { parts, dialled } = dialTo([address])
          const way = await tested.to([imds], { leavesMachine: true })
          await assert.rejects(openWay(way, parts), (error: unknown) => {
            assert.ok(error instanceof UpstreamError)
            assert.match(messageOf(error.cause), /"imds\.test:80" is the machine of the gateway/)
            return true
          })
          assert.deepEqual(dialled, [])
        }
        const { parts } = dialTo(['127.0.0.1'], place.port)
        const { stream } = await openWay(
          await tested.to([localhost], { leavesMachine: true }),
          parts,
        )
        stream.destroy()
      },
    )

    test('leads to a destination that keeps nothing of the way it was opened by', async () => {
      await using place = await tested.leadTo(echo)
      const { collected, watch } = watchCollected()
      const { stream, destination } = await (async (): ReturnType<typeof openBy> => {
        const way = await tested.to([place.port])
        watch(way)
        return openWay(way)
      })()
      await untilCollected(collected)
      const way = await tested.to([place.port])
      assert.equal(destination.isReachedBy(way, way), true)
      stream.destroy()
    })

    test('a reload cuts tunnels whose route leads elsewhere, and leaves those it still names', async () => {
      await using place = await tested.leadTo(echo)
      const { port } = place
      const other = { host: '127.0.0.1', port: 1, weight: 1 }
      const same = { host: '127.0.0.1', port, weight: 7 }
      // A connector's route names a tunnel, and no list of places.
      const still = tested.isDialledElsewhere === undefined ? [other, same] : [same]
      const elsewhere = [await tested.to([other]), otherKind(tested.kind, port)]
      for (const way of elsewhere) {
        await using gateway = await startOn(routeBy(await tested.to([port])))
        const socket = await openTunnel(gateway)
        await gateway.reload([routeBy(await tested.to(still), { name: 'renamed' })])
        assert.equal(await isOpen(socket), true)
        await gateway.reload([routeBy(way)])
        assert.equal(await isOpen(socket), false)
        assert.equal(await endOf(gateway), 'route-changed')
        socket.destroy()
      }
    })

    test(
      'a reload that takes the metadata service of the cloud from a route cuts its tunnels',
      dialled,
      async () => {
        await using place = await tested.leadTo(echo)
        const allowing = routeBy(await tested.to([place.port], { allowsMetadataAddress: true }))
        await using gateway = await startOn(allowing)
        const socket = await openTunnel(gateway)
        await gateway.reload([{ ...allowing, name: 'renamed' }])
        assert.equal(await isOpen(socket), true)
        await gateway.reload([routeBy(await tested.to([place.port]))])
        assert.equal(await isOpen(socket), false)
        assert.equal(await endOf(gateway), 'route-changed')
        socket.destroy()
      },
    )
  })
}

/** Whether a tunnel to an echo still carries something. */
async function isOpen(socket: Duplex): Promise<boolean> {
  const answered = once(socket, 'data').then(() => true)
  const ended = once(socket, 'end').then(() => false)
  socket.write('still here')
  return Promise.race([answered, ended])
}

/** How the tunnel ended, by its access line. */
async function endOf(gateway: TestGateway): Promise<unknown> {
  const line = await gateway.line((entry) => entry['service'] === 'access')
  return line['ended']
}

function otherKind(kind: UpstreamWay['kind'], port: number): UpstreamWay {
  return kind === 'direct' ? throughGateway([port]) : directTo([port])
}

function dialledOnce(outcome: string): RegExp {
  return new RegExp(`^postern_upstream_dial_seconds_count\\{outcome="${outcome}"\\} 1$`, 'm')
}

const imds = { host: 'imds.test', port: 80, weight: 1 }

/** Dials names that lead to these addresses; what connects reaches a port of this machine instead. */
function dialTo(addresses: readonly string[], port = 9) {
  const dialled: string[] = []
  const options: DialOptions = {
    lookup: (_host, _options, done) =>
      done(
        null,
        addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      ),
    connect: ((asked: NetConnectOpts & { host: string }) => {
      dialled.push(asked.host)
      return connect({ ...asked, host: '127.0.0.1', port })
    }) as typeof connect,
  }
  const parts: Partial<OpenUpstreamParts> = {
    dial: (target, given) => dial(target, { ...given, ...options }),
  }
  return { parts, dialled }
}
