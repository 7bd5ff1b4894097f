// A judge that finds nothing may be one that sees nothing: relays that do what must never be are put before it.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { describe, test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { inScope, type Scope } from '../e2e/scope.ts'
import { startService } from '../e2e/services.ts'
import { judgeTransfer } from './run.ts'
import { startFaultService } from './service.ts'
import { startTransfer } from './transfer.ts'

/** What is passed on of the service's direction: beyond it the relay does what it does. */
const passedBytes = 400 * 1024

/** What a relay does with the piece that goes beyond, and how both ends are judged then. */
const relays = {
  'ends in order in the middle': {
    act: (client: Socket, upstream: Socket) => {
      client.end()
      upstream.destroy()
    },
    down: 'short',
  },
  'leaves a piece out': { act: () => undefined, down: 'changed' },
  'changes a byte': {
    act: (client: Socket, _upstream: Socket, piece: Buffer) => {
      piece[0] = (piece[0] ?? 0) ^ 1
      client.write(piece)
    },
    down: 'changed',
  },
  'resets in the middle': {
    act: (client: Socket, upstream: Socket) => {
      client.resetAndDestroy()
      upstream.resetAndDestroy()
    },
    down: 'reported',
  },
  'keeps everything to itself from then on': {
    act: (client: Socket, upstream: Socket) => {
      upstream.removeAllListeners('data').pause()
      client.removeAllListeners('data').pause()
    },
    down: 'silent',
  },
} as const

describe('the judge', { concurrency: true }, () => {
  for (const [what, { act, down }] of Object.entries(relays)) {
    test(`judges a relay that ${what} as ${down}, whatever is expected`, async () => {
      await inScope(
        async (scope) => {
          const transfer = await transferBehind(scope, act)
          for (const expected of ['whole', 'reported', 'either'] as const) {
            const judged = judgeTransfer({ ...transfer, terms: { expected } })[1]
            assert.equal(judged?.verdict, down)
            const isRight = down === 'reported' && expected !== 'whole'
            assert.equal(
              judged.fault === undefined,
              isRight,
              judged.fault ?? `right as ${expected}`,
            )
          }
        },
        () => undefined,
      )
    })
  }

  test('judges a relay that does nothing wrong as whole', async () => {
    await inScope(
      async (scope) => {
        const pass = (client: Socket, _upstream: Socket, piece: Buffer): void =>
          void client.write(piece)
        assert.deepEqual(judgeTransfer(await transferBehind(scope, pass))[1], { verdict: 'whole' })
      },
      () => undefined,
    )
  })
})

/** Runs a transfer through a relay of its own. */
async function transferBehind(
  scope: Scope,
  act: (client: Socket, upstream: Socket, piece: Buffer) => void,
) {
  const service = await startFaultService(scope)
  const port = await startService(scope, (client) => {
    const upstream = connect({ port: service.port, host: '127.0.0.1', allowHalfOpen: true })
    upstream.on('error', () => undefined)
    let passed = 0
    upstream.on('data', (piece: Buffer) => {
      const isBeyond = passed <= passedBytes && passed + piece.length > passedBytes
      passed += piece.length
      if (isBeyond) act(client, upstream, piece)
      else if (client.writable) client.write(piece)
    })
    upstream.on('end', () => client.end())
    client.on('data', (piece: Buffer) => void upstream.write(piece))
    client.on('end', () => upstream.end())
  })
  const transfer = await startTransfer(
    {
      name: 'postern tcp',
      hasHalfClose: true,
      async open() {
        const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
        await once(socket, 'connect')
        return socket
      },
    },
    service,
    { expected: 'whole' },
  )
  const { down } = transfer
  while (down.sentBytes < passedBytes + 64 * 1024 && !down.isOver) await wait(10)
  await transfer.finish(1_000)
  transfer.client.destroy()
  transfer.service.destroy()
  return transfer
}
