import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe } from 'node:test'
import { decideAboutDevice } from './approve.ts'
import { runChild, startChild, type Child, type Result } from './child.ts'
import { checkLooks } from './page-looks.ts'
import { peerTest, program } from './peers.ts'
import { startChromium } from './peers/chromium.ts'
import { personAt, type Person } from './person.ts'
import { alice, posternCommand, route, startRig, type GatewayRig } from './rig.ts'
import type { Scope } from './scope.ts'
import { echo, startService } from './services.ts'

const target = 'echo.example.com:7'

interface Machine {
  readonly rig: GatewayRig
  readonly person: Person
  /** Starts `postern` here with the options that lead to the gateway. */
  start(command: string, ...args: string[]): Child
  run(command: string, ...args: string[]): Promise<Result>
}

/** A machine with a home of its own, on which no browser ever opens. */
async function startMachine(scope: Scope, settings = {}): Promise<Machine> {
  const service = await startService(scope, echo)
  const rig = await startRig(scope, [route(target, service)], settings)
  const person = await personAt(scope, rig, alice)
  const options = { env: person.env, cwd: person.home }
  const commandOf = (command: string, args: string[]): [string, string[]] =>
    posternCommand(command, '--ca-file', rig.caFile, ...args, rig.origin)
  return {
    rig,
    person,
    start: (command, ...args) => startChild(scope, ...commandOf(command, args), options),
    run: (command, ...args) => runChild(scope, ...commandOf(command, args), options),
  }
}

/** The address that it shows, which has the code that stands under it. */
async function addressOf(child: Child): Promise<string> {
  const [, address = '', code = ''] = await child.says(
    /address in a browser[^\n]*\n\n {2}(\S+)\n\n[^\n]*\n\n {2}([A-Z]{4}-[A-Z]{4})\n/,
  )
  assert.ok(address.endsWith(`?code=${code}`), address)
  return address
}

describe('postern login without a browser', () => {
  peerTest(
    'a code approved elsewhere signs in, and the other commands use it',
    [],
    async (scope) => {
      const { rig, person, start, run } = await startMachine(scope)
      const login = start('login', '--device', '--json')
      const address = await addressOf(login)
      assert.ok(address.startsWith(`${rig.origin}/.postern/device?`))
      const page = await decideAboutDevice(rig, address, alice, 'approve')
      assert.match(page, /The machine is signed in/)
      assert.equal(await login.ended, 0)
      assert.match(login.errors(), /signed in to "\S+" as alice@example\.com until \d{4}-/)
      const result = JSON.parse(login.output()) as Record<string, unknown>
      assert.deepEqual([result['email'], result['new']], [alice, true])

      assert.equal((await person.pipe(target, 'hello')).output, 'hello')
      assert.deepEqual(await person.browserStarts(), [])
      const again = await run('login', '--device')
      assert.match(again.errors, /^already signed in to "\S+" as alice@example\.com/)

      const { output: table } = await rig.postern('gateway', 'sessions', 'list')
      assert.match(table, /^alice@example\.com  device vm  127\.0\.0\.1  /m)
      const { output } = await rig.postern('gateway', 'sessions', 'list', '--json')
      const { sessions } = JSON.parse(output) as {
        sessions: { id: string; device: string | null }[]
      }
      const ofDevice = sessions.filter(({ device }) => device !== null)
      // The browser that approved it was not signed in before, and is not afterwards.
      assert.deepEqual([sessions.length, ofDevice.length], [1, 1])
      const revoked = await rig.postern('gateway', 'sessions', 'revoke', ofDevice[0]?.id ?? '')
      assert.match(revoked.errors, /revoked 1 session/)
      const pipe = person.openPipe(target, '--device-login')
      assert.match(await addressOf(pipe), /\?code=/)
    },
  )

  peerTest(
    'postern tcp shows a code instead of opening a browser when asked to',
    [],
    async (scope) => {
      const { rig, person } = await startMachine(scope)
      const pipe = person.openPipe(target, '--device-login')
      pipe.stdin.end('hello')
      await decideAboutDevice(rig, await addressOf(pipe), alice, 'approve')
      assert.equal(await pipe.ended, 0)
      assert.equal(pipe.output(), 'hello')
      assert.deepEqual(await person.browserStarts(), [])
    },
  )

  peerTest('a denial, a closed door and Ctrl-C are told apart', [], async (scope) => {
    const { rig, person, start, run } = await startMachine(scope)
    const denied = start('login', '--device')
    await decideAboutDevice(rig, await addressOf(denied), alice, 'deny')
    assert.equal(await denied.ended, 3)
    assert.match(
      denied.errors(),
      /postern: error: the sign-in was denied in the browser(?:, request id \S+)?\n/,
    )

    const cancelled = start('login', '--device')
    await addressOf(cancelled)
    cancelled.signal('SIGINT')
    assert.equal(await cancelled.ended, 130)
    const tokens = join(person.home, '.cache', 'postern', 'tokens')
    const left = (await readdir(tokens)).map((name) => name.replace(/^.*\.jwt/, ''))
    assert.deepEqual(left, ['.sign-in'], 'the next run shows the same code')

    await rig.configure((file) => ({ ...file, device_login: false }))
    await rig.lines.first((line) => line['message'] === 'configuration reloaded')
    const off = await run('login', '--device')
    assert.equal(off.ending, 3)
    assert.match(off.errors, /this gateway does not sign in machines without a browser/)
  })

  peerTest('a gateway that restarts while somebody waits loses nobody', [], async (scope) => {
    const { rig, start } = await startMachine(scope)
    const login = start('login', '--device')
    const address = await addressOf(login)
    await rig.stop()
    await rig.start()
    await decideAboutDevice(rig, address, alice, 'approve')
    assert.equal(await login.ended, 0)
  })

  peerTest('two programs that need a sign-in show one code', [], async (scope) => {
    const { rig, start } = await startMachine(scope)
    const first = start('login', '--device')
    const address = await addressOf(first)
    const second = start('login', '--device')
    await second.says(/waiting for the sign-in that another postern has begun/)
    await decideAboutDevice(rig, address, alice, 'approve')
    assert.deepEqual(await Promise.all([first.ended, second.ended]), [0, 0])
    assert.doesNotMatch(second.errors(), /compare the code/)
  })

  peerTest('postern logout ends the session here and at the gateway', [], async (scope) => {
    const { rig, person, start, run } = await startMachine(scope)
    const login = start('login', '--device')
    await decideAboutDevice(rig, await addressOf(login), alice, 'approve')
    assert.equal(await login.ended, 0)
    const out = await run('logout')
    assert.deepEqual([out.ending, out.errors], [0, `signed out of "${rig.origin}"\n`])
    assert.deepEqual(await readdir(join(person.home, '.cache', 'postern', 'tokens')), [])
    const { output } = await rig.postern('gateway', 'sessions', 'list', '--json')
    assert.equal((JSON.parse(output) as { sessions: unknown[] }).sessions.length, 0)
    const again = await run('logout', '--json')
    assert.deepEqual(
      [again.ending, JSON.parse(again.output)],
      [0, { gateway: rig.origin, session: 'not_signed_in' }],
    )
  })

  peerTest('on a terminal there is a QR code, and Ctrl-C gives up', ['terminal'], async (scope) => {
    const { rig, person } = await startMachine(scope)
    const [command, args] = posternCommand('login', '--device', '--ca-file', rig.caFile, rig.origin)
    const line = [command, ...args].map((word) => `'${word}'`).join(' ')
    // util-linux gives it a terminal, which has no size before somebody sets one.
    const inTerminal = ['-qec', `stty cols 100 rows 50; exec ${line}`, '/dev/null']
    const options = { env: { ...person.env, TERM: 'xterm' }, cwd: person.home }
    const login = startChild(scope, program('script'), inTerminal, options)
    await login.says(/waiting; the code is good for 10 minutes/)
    const rows = login.output().match(/\[97;40m[ \u2580-\u2588]{30,}/g) ?? []
    assert.ok(rows.length > 15, `${rows.length} rows`)
    login.stdin.write('\u0003')
    assert.equal(await login.ended, 130)
  })

  peerTest(
    'postern login opens the browser, and postern logout survives a dead gateway',
    [],
    async (scope) => {
      const { rig, person, run } = await startMachine(scope)
      const browser = person.tcpArgs('x').at(person.tcpArgs('x').indexOf('--browser-cmd') + 1) ?? ''
      const login = await run('login', '--browser-cmd', browser)
      assert.equal(login.ending, 0, login.errors)
      assert.match(login.errors, /signed in to "\S+" as alice@example\.com until /)
      assert.equal((await person.browserStarts()).length, 1)
      await rig.stop()
      const out = await run('logout')
      assert.equal(out.ending, 7)
      assert.match(out.errors, /the session goes on at "\S+": the gateway /)
      assert.deepEqual(await readdir(join(person.home, '.cache', 'postern', 'tokens')), [])
    },
  )
})

describe('the page that approves a machine, in Chromium', () => {
  peerTest(
    'a person types the code, compares it and presses the button',
    ['Chromium'],
    async (scope) => {
      const { rig, start, run } = await startMachine(scope)
      const browser = await startChromium(scope, rig)
      const { page } = browser
      const login = start('login', '--device')
      const address = await addressOf(login)
      const code = new URL(address).searchParams.get('code') ?? ''

      await page.goto(`${rig.origin}/.postern/device`)
      await page.getByRole('button', { name: 'Alice Adams' }).click()
      await page.getByRole('heading', { name: 'Sign in a machine without a browser' }).waitFor()
      await checkLooks(page, 'device-code')
      // By keyboard alone: the field has the focus.
      await page.keyboard.type('zzzz zzzz')
      await page.keyboard.press('Enter')
      await page.getByRole('alert').waitFor()
      await checkLooks(page, 'device-code-wrong')
      await page.keyboard.type(code.toLowerCase())
      await page.keyboard.press('Enter')
      await page.getByRole('heading', { name: 'Sign in this machine as you?' }).waitFor()
      await page.getByText(`postern login --device ${rig.origin}`).waitFor()
      await checkLooks(page, 'device-question')

      const approve = page.getByRole('button', { name: 'Sign it in' })
      await approve.click()
      // The box is not ticked: the browser keeps the form.
      await page.getByRole('heading', { name: 'Sign in this machine as you?' }).waitFor()
      const box = page.getByRole('checkbox')
      await box.focus()
      await page.keyboard.press('Space')
      await page.keyboard.press('Tab')
      await page.keyboard.press('Enter')
      // The sample provider remembers nobody; others ask nothing here.
      await page.getByRole('button', { name: 'Alice Adams' }).click()
      await page.getByRole('heading', { name: 'The machine is signed in' }).waitFor()
      await checkLooks(page, 'device-done')
      assert.equal(await login.ended, 0)

      // The code of before is over.
      await page.goto(address)
      await page.getByRole('alert').waitFor()

      const second = start('login', '--device')
      assert.match((await second.ended) === 0 ? second.errors() : '', /^already signed in/)
      await run('logout')
      const third = start('login', '--device')
      await page.goto(await addressOf(third))
      await page.getByRole('checkbox').check()
      await page.getByRole('button', { name: 'Sign it in' }).click()
      await page.getByRole('button', { name: 'Bob Brown' }).click()
      await page.getByRole('heading', { name: 'The machine is not signed in' }).waitFor()
      await checkLooks(page, 'device-another-person')
      assert.equal(await third.ended, 3)

      const fourth = start('login', '--device')
      await page.goto(await addressOf(fourth))
      await page.getByRole('button', { name: 'Deny' }).click()
      await page.getByRole('heading', { name: 'Denied' }).waitFor()
      await checkLooks(page, 'device-denied')
      assert.equal(await fourth.ended, 3)
      assert.deepEqual(browser.faults, [])
    },
  )
})
