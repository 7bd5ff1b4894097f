import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { systemClock } from '../../src/clock.ts'
import { startWindowServer, type WindowServer } from '../../src/desktop/window/window-server.ts'
import { createWindow } from '../../src/desktop/window/window.ts'
import { SystemError } from '../../src/errors.ts'
import { silentLogger } from '../../src/log.ts'
import { startWindow } from './window-rig.ts'

/** Another program at the window's port. */
async function occupy(t: TestContext, port: number): Promise<Server> {
  const other = createServer().listen(port, '127.0.0.1')
  await once(other, 'listening')
  t.after(() => void other.close())
  return other
}

test('where another program has the port, it is named, and nobody who was let in is believed any more', async (t) => {
  const rig = await startWindow(t, { whoHolds: (port) => Promise.resolve(`"cat" has ${port}`) })
  const browser = rig.browser()
  await browser.letIn()
  const { port, host } = { port: rig.server.port, host: rig.host }
  await rig.server.close(0)
  const other = await occupy(t, port)
  const refusal = await rig.restart().then(
    () => assert.fail('it moved'),
    (error: unknown) => error,
  )
  assert.ok(refusal instanceof SystemError)
  assert.equal(refusal.code, 'window-address-in-use')
  assert.match(refusal.message, new RegExp(`"${host}".*"cat" has ${port}`))
  await new Promise((resolve) => other.close(resolve))
  assert.equal((await rig.restart()).port, port)
  assert.equal((await browser.fetch('/api/state')).status, 401)
  assert.deepEqual(rig.server.browsers(), [])
})

test('a page that is open finds out that it is another program that answers', async (t) => {
  const rig = await startWindow(t)
  const browser = rig.browser()
  await browser.letIn()
  const path = join(rig.directory, 'window.json')
  const state = JSON.parse(await readFile(path, 'utf8')) as { key: string }
  // At the same port, with everything but the key.
  const stranger = await startWindow(t)
  const { key } = JSON.parse(
    await readFile(join(stranger.directory, 'window.json'), 'utf8'),
  ) as typeof state
  await rig.server.close(0)
  await writeFile(path, JSON.stringify({ ...state, key }))
  await rig.restart()
  const answer = await browser.fetch('/api/state')
  assert.deepEqual(
    [answer.status, ((await answer.json()) as { code: string }).code],
    [401, 'another-program'],
  )
  assert.deepEqual(rig.asked, [])
})

test('a damaged file is set aside and nobody is let in by what it said', async (t) => {
  const rig = await startWindow(t)
  const browser = rig.browser()
  await browser.letIn()
  const path = join(rig.directory, 'window.json')
  const text = await readFile(path, 'utf8')
  const state = JSON.parse(text) as object
  for (const damaged of [
    '',
    '{',
    text.slice(0, -20),
    JSON.stringify({ ...state, key: 'AAAA' }),
    JSON.stringify({ ...state, more: 1 }),
    JSON.stringify({ ...state, port: 0 }),
  ]) {
    await rig.server.close(0)
    await writeFile(path, damaged)
    await rig.restart()
    assert.deepEqual(rig.server.browsers(), [], damaged)
    const aside = (await readdir(rig.directory)).filter((name) => name.includes('.damaged-'))
    assert.equal(aside.length, 1)
    assert.equal(await readFile(join(rig.directory, aside[0] ?? ''), 'utf8'), damaged)
    await rm(join(rig.directory, aside[0] ?? ''))
  }
})

test('the window starts when it is asked for, and moves where it is told to', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'postern-window-'))
  const options = {
    directory,
    files: undefined,
    log: silentLogger,
    clock: systemClock,
    app: () => new Response(''),
  }
  const first: WindowServer = await startWindowServer(options)
  await first.close(0)
  const other = await occupy(t, first.port)
  const window = createWindow(options)
  t.after(async () => {
    await window.close(0)
    await rm(directory, { recursive: true })
  })
  await assert.rejects(window.start(), { code: 'window-address-in-use' })
  await assert.rejects(window.open({}), { code: 'window-address-in-use' })
  const moved = await window.open({ new_address: true })
  assert.notEqual(moved.origin, first.origin)
  assert.match(moved.url, /^http:\/\/127\.0\.0\.1:\d+\/\?[\w-]{16}#code=[\w-]{43}$/)
  assert.equal(moved.seconds, 60)
  const [again, once] = await Promise.all([window.open({}), window.open({})])
  assert.deepEqual([again.origin, once.origin], [moved.origin, moved.origin])
  assert.notEqual(again.url, once.url)
  other.close()
})
