import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { describe } from 'node:test'
import { runChild, startChild, type Child, type Result } from '../child.ts'
import { ensurePagesBuilt } from '../pages-built.ts'
import { peerTest } from '../peers.ts'
import { openWholeChromium } from '../peers/chromium.ts'
import { posternCommand } from '../rig.ts'
import type { Scope } from '../scope.ts'

interface WindowJson {
  readonly origin: string
  readonly opened: boolean
  readonly url?: string
}

/** A person with a home of their own, and `postern`. */
function personIn(scope: Scope) {
  const env = Object.fromEntries(
    ['CONFIG', 'STATE', 'CACHE', 'DATA'].map((name) => [
      `XDG_${name}_HOME`,
      join(scope.directory, name.toLowerCase()),
    ]),
  )
  const postern = (...args: string[]): Promise<Result> => {
    const [program, all] = posternCommand(...args)
    // Programs of the scope come first.
    const path = `${scope.directory}:${process.env['PATH'] ?? ''}`
    return runChild(scope, program, all, { env: { ...env, PATH: path } })
  }
  return {
    postern,
    async startDaemon(): Promise<Child> {
      const [program, all] = posternCommand('up', '--foreground')
      const daemon = startChild(scope, program, all, { env })
      await daemon.says(/ready/)
      return daemon
    },
    async desktop(...args: string[]): Promise<WindowJson> {
      const { ending, output, errors } = await postern('desktop', '--json', ...args)
      assert.equal(ending, 0, errors)
      return JSON.parse(output) as WindowJson
    },
  }
}

describe('postern desktop', () => {
  peerTest('opens the window, where it was before', ['Chromium'], async (scope) => {
    ensurePagesBuilt()
    const person = personIn(scope)
    const daemon = await person.startDaemon()
    // A browser that keeps what it was given.
    const [browser, given] = [join(scope.directory, 'browser'), join(scope.directory, 'given')]
    await writeFile(browser, `#!/bin/sh\nprintf %s "$1" > '${given}'\n`, { mode: 0o700 })
    const first = await person.desktop('--browser-cmd', browser)
    assert.equal(first.opened, true)
    assert.equal(first.url, undefined)
    const { page, faults } = await openWholeChromium(scope)
    const events = page.waitForResponse((answer) => answer.url() === `${first.origin}/api/events`)
    await page.goto(await readFile(given, 'utf8'))
    assert.equal((await events).status(), 200)
    assert.deepEqual(faults, [])

    // A window of its own, by whatever browser has such.
    await rename(browser, join(scope.directory, 'google-chrome'))
    await person.desktop('--app')
    assert.match(
      await readFile(given, 'utf8'),
      /^--app=http:\/\/127\.0\.0\.1:\d+\/\?[\w-]+#code=[\w-]{43}$/,
    )

    daemon.signal('SIGTERM')
    assert.equal(await daemon.ended, 0)
    await person.startDaemon()
    // The window that stayed open has found the daemon again.
    await page.waitForResponse(
      (answer) => answer.url() === `${first.origin}/api/events` && answer.ok(),
    )
    const again = await person.desktop('--print-url')
    assert.equal(again.origin, first.origin)
    assert.match(again.url ?? '', /#code=[\w-]{43}$/)
  })

  peerTest('names who has its port, and moves when it is told to', [], async (scope) => {
    const person = personIn(scope)
    const daemon = await person.startDaemon()
    const { origin } = await person.desktop('--print-url')
    daemon.signal('SIGTERM')
    await daemon.ended
    const other = createServer().listen(Number(new URL(origin).port), '127.0.0.1')
    await once(other, 'listening')
    scope.defer(() => void other.close())
    const restarted = await person.startDaemon()
    await restarted.says(/the window cannot be at "127\.0\.0\.1:\d+" as before/)
    const refused = await person.postern('desktop', '--print-url')
    assert.equal(refused.ending, 8)
    assert.match(refused.errors, /as before: .*node.*\n {2}hint: .*"postern desktop --new-address"/)
    const moved = await person.desktop('--print-url', '--new-address')
    assert.notEqual(moved.origin, origin)
  })
})
