import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../clock.ts'
import type { DaemonEvent, DaemonView } from '../wire/view.ts'
import { streamEvents } from './stream-events.ts'

const state = { kind: 'state', state: {} as DaemonView } as const
const mebibyte = 1024 * 1024

test('one who does not read has no more than 1 MiB waiting, and is told everything anew', async () => {
  let tell: (event: DaemonEvent) => void = () => undefined
  const { body } = streamEvents((listener) => {
    tell = listener
    listener(state)
    return { [Symbol.dispose]: () => undefined }
  }, systemClock)
  const message = 'x'.repeat(1_000)
  const entry = { connection: 'c', level: 'info', message, number: 1, at: '' } as const
  for (let event = 0; event < 4_000; event += 1) tell({ kind: 'log', entries: [entry] })
  const reader = body?.getReader()
  let waitingBytes = 0
  for (let states = 0; states < 2;) {
    const { value } = (await reader?.read()) ?? {}
    const line: unknown = JSON.parse(Buffer.from(value ?? []).toString())
    if ((line as DaemonEvent).kind === 'state') states += 1
    else waitingBytes += value?.length ?? 0
  }
  assert.ok(waitingBytes < 1.01 * mebibyte, `${waitingBytes} bytes`)
  await reader?.cancel()
})
