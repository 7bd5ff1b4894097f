import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runCommandLine } from './ssh-commands.ts'

const context = { user: 'demo', upMs: 90_000 }

test('several commands on one line answer one after the other', () => {
  assert.deepEqual(runCommandLine('hostname; whoami ;uptime', context), {
    output: 'sample\ndemo\nup 1m30s\n',
    status: 0,
    isExit: false,
  })
})

test('what is no command of ours is said to be none, with the status of a shell', () => {
  for (const line of ['cat /etc/passwd', 'constructor', '$(id)', '/bin/sh -i', 'scp -t /tmp']) {
    const { output, status } = runCommandLine(line, context)
    assert.match(output, /^this sample server has no command .*; try: help\n$/)
    assert.equal(status, 127)
  }
})

test('the status is that of the last command', () => {
  assert.equal(runCommandLine('nonsense; whoami', context).status, 0)
  assert.equal(runCommandLine('whoami; nonsense', context).status, 127)
})

test('nothing after exit is answered', () => {
  assert.deepEqual(runCommandLine('whoami; exit; hostname', context), {
    output: 'demo\n',
    status: 0,
    isExit: true,
  })
})

test('an empty line answers nothing', () => {
  assert.deepEqual(runCommandLine(' ;; ', context), { output: '', status: 0, isExit: false })
})

test('help lists every command', () => {
  assert.match(runCommandLine('help', context).output, /hostname .*\nwhoami .*\nuptime /)
})

test('control characters in a name do not reach the terminal', () => {
  assert.ok(!runCommandLine('\u001b[2Jx', context).output.includes('\u001b'))
})
