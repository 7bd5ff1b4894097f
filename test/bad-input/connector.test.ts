import assert from 'node:assert/strict'
import { once } from 'node:events'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, test } from 'node:test'
import { always } from '../../src/tunnel/connector/ends.fixture.ts'
import { endHeaders, endStream, fields, frame, number32 } from './frames.ts'
import {
  all,
  closed,
  controlFields,
  controlStream,
  dataOf,
  ok,
  openBegun,
  openControlled,
  openOf,
  openRaw,
  openRawGateway,
  turns,
} from './raw-ends.ts'

const request = { authority: 'a:1', grant: 'a.b.c' }
const pieceBytes = 64 * 1024

describe('a gateway before a connector that breaks the rules', () => {
  test('ends a connection on which something else is spoken', async (t) => {
    const { socket, opening, attacked } = await openRaw(t, { isAnswering: false })
    socket.write('HTTP/1.1 400 Bad Request\r\n\r\n')
    await assert.rejects(opening, { code: 'connector-lost' })
    await closed(attacked)
  })

  test('gives up a control stream that is never answered, although PING is', async (t) => {
    const { opening, clock } = await openRaw(t, { isAnswering: true })
    const given = assert.rejects(opening, { code: 'connector-timeout' })
    for (let waited = 0; waited < 10_000; waited += 1_000) {
      clock.advance(1_000)
      await turns()
    }
    await given
  })

  const lines: readonly (readonly [string, Buffer, RegExp])[] = [
    ['one line without an end', Buffer.alloc(600 * 1024, 'x'), /a line is too long/],
    ['lines without end', Buffer.from('{"type":"later"}\n'.repeat(200)), /too many lines/],
    ['what is no JSON', Buffer.from('{"type":\n'), /no JSON/],
    ['a message of another shape', Buffer.from('{"type":"services"}\n'), /services is not as/],
    ['what is no message', Buffer.from('[]\n'), /type is not as it must be/],
  ]
  for (const [what, bytes, why] of lines) {
    test(`ends a connection whose control stream says ${what}`, async (t) => {
      const { socket, gateway, attacked } = await openControlled(t)
      const reading = all(gateway.control.messages)
      // By pieces: Bun's windows are smaller than the longest of them.
      for (let from = 0; from < bytes.length; from += pieceBytes) {
        socket.write(dataOf(controlStream, bytes.subarray(from, from + pieceBytes)))
        await turns()
      }
      const error = await gateway.ended
      assert.match(String(error), why)
      assert.deepEqual(await reading, [])
      await closed(attacked)
    })
  }

  test('takes what a newer connector says, and leaves it out', async (t) => {
    const { socket, gateway } = await openControlled(t)
    socket.write(dataOf(controlStream, Buffer.from('{"type":"later"}\n\n{"type":"draining"}\n')))
    const { value } = await gateway.control.messages[Symbol.asyncIterator]().next()
    assert.deepEqual(value, { type: 'draining' })
  })

  test('ends a connection that does not read what it is told', async (t) => {
    const { gateway } = await openControlled(t)
    const message = 'x'.repeat(10_000)
    for (let sent = 0; sent < 200; sent += 1) gateway.control.send({ type: 'notice', message })
    assert.match(String(await gateway.ended), /it is not being read/)
  })

  test('ends a connection that never takes over its credit', async (t) => {
    const { socket, gateway, clock } = await openControlled(t, { isAcknowledging: false })
    // As many as lower it.
    for (let opened = 0; opened < 20; opened += 1) {
      gateway.openStream(request, always).catch(() => undefined)
    }
    socket.resume()
    for (let waited = 0; waited < 31_000; waited += 1_000) {
      clock.advance(1_000)
      await turns()
    }
    assert.match(String(await gateway.ended), /SETTINGS/)
  })

  test('goes on where streams are reset before they are answered, and in the middle', async (t) => {
    const { socket, gateway } = await openControlled(t)
    const opening = gateway.openStream(request, always)
    await turns()
    socket.write(frame('rstStream', 0, 3, number32(7)))
    await assert.rejects(opening, { code: 'connector-reset' })
    const second = gateway.openStream(request, always)
    await turns()
    socket.write(frame('headers', endHeaders, 5, ok))
    const stream = await second
    socket.write(frame('rstStream', 0, 5, number32(0)))
    if (!stream.destroyed) await once(stream.resume(), 'close')
    assert.deepEqual([gateway.isReady, gateway.streams], [true, 0])
  })

  test('ends with a control stream that is reset, and resets its streams', async (t) => {
    const { socket, gateway } = await openControlled(t)
    const opening = gateway.openStream(request, always)
    await turns()
    socket.write(frame('headers', endHeaders, 3, ok))
    const stream = await opening
    socket.write(frame('rstStream', 0, controlStream, number32(0)))
    assert.match(String(await gateway.ended), /control stream was reset/)
    if (!stream.destroyed) await new Promise((resolve) => stream.once('close', resolve))
    assert.equal(stream.readableEnded, false)
  })

  test('keeps its streams when the control stream ends first, and ends with the last of them', async (t) => {
    const { socket, gateway, clock } = await openControlled(t)
    const opening = gateway.openStream(request, always)
    await turns()
    socket.write(frame('headers', endHeaders, 3, ok))
    const stream = await opening
    socket.write(frame('data', endStream, controlStream))
    while (gateway.isReady) await nextTurn()
    assert.equal(stream.destroyed, false)
    socket.write(Buffer.concat([dataOf(3, Buffer.from('bye')), frame('data', endStream, 3)]))
    assert.equal(String((await once(stream, 'data'))[0]), 'bye')
    stream.resume().end()
    while (gateway.streams > 0) await nextTurn()
    // It keeps the connection, too.
    clock.advance(5_000)
    assert.equal(await gateway.ended, undefined)
  })

  test('opens no more streams than a connector takes, and says so at once', async (t) => {
    const { socket, gateway } = await openControlled(t)
    // SETTINGS_MAX_CONCURRENT_STREAMS (RFC 9113 §6.5.2): the control stream, and one more.
    const two = Buffer.from('000300000002', 'hex')
    socket.write(frame('settings', 0, 0, two))
    await turns()
    const opening = gateway.openStream(request, always)
    await assert.rejects(gateway.openStream(request, always), { code: 'connector-full' })
    assert.equal(gateway.isReady, false)
    await turns()
    socket.write(frame('rstStream', 0, 3, number32(7)))
    await assert.rejects(opening, { code: 'connector-reset' })
    assert.equal(gateway.isReady, true)
  })

  test('says what it was refused with, whatever that is', async (t) => {
    const { socket, gateway } = await openControlled(t)
    for (const [stream, status, code] of [
      [3, '200', undefined],
      [5, '407', 'connector-protocol'],
    ] as const) {
      const opening = gateway.openStream(request, always)
      await turns()
      const head = fields([
        [':status', status],
        ['postern-fault', 'no-such-fault'],
      ])
      socket.write(frame('headers', endHeaders | endStream, stream, head))
      if (code !== undefined) await assert.rejects(opening, { code })
      else (await opening).destroy()
    }
  })
})

describe('a connector before a gateway that breaks the rules', () => {
  test('ends a connection on which something else is spoken', async (t) => {
    const { socket, opening, attacked } = await openRawGateway(t)
    socket.write('GET / HTTP/1.1\r\n\r\n')
    await assert.rejects(opening)
    await closed(attacked)
  })

  test('takes so many streams and no more, and ends the connection of whoever goes on', async (t) => {
    const { socket, connector, offers } = await openBegun(t)
    const opens = Array.from({ length: 2_500 }, (_, index) => openOf(2 * index + 3))
    for (let at = 0; at < opens.length; at += 100) {
      socket.write(Buffer.concat(opens.slice(at, at + 100)))
    }
    assert.ok((await connector.ended) instanceof Error)
    // The control stream is one of them.
    assert.equal(offers.length, 1_999)
    assert.ok(offers.every(({ signal }) => signal.aborted))
  })

  test('lets a gateway reset many streams at once, and ends where that has no end', async (t) => {
    const { socket, connector, offers } = await openBegun(t)
    const resets = (from: number, count: number): Buffer =>
      Buffer.concat(
        Array.from({ length: count }, (_, index) => {
          const stream = 2 * (from + index) + 3
          return Buffer.concat([openOf(stream), frame('rstStream', 0, stream, number32(8))])
        }),
      )
    for (let at = 0; at < 3_000; at += 250) {
      socket.write(resets(at, 250))
      await turns()
    }
    while (offers.length < 3_000) await nextTurn()
    while (connector.streams > 0) await nextTurn()
    for (let at = 3_000; !socket.destroyed; at += 250) {
      socket.write(resets(at, 250))
      await nextTurn()
    }
    assert.ok((await connector.ended) instanceof Error)
  })

  test('offers nothing that is no CONNECT, and answers a second control stream as not found', async (t) => {
    const { socket, connector, offers, heard } = await openBegun(t)
    socket.write(frame('headers', endHeaders | endStream, 3, controlFields))
    while (heard.heads.length === 0) await nextTurn()
    // `:status: 404` is in the table of HPACK (RFC 7541, Appendix A).
    assert.equal(heard.heads[0]?.[0], 0x8d)
    assert.deepEqual([offers.length, connector.streams], [0, 0])
  })
})
