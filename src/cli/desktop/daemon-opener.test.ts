import assert from 'node:assert/strict'
import { test } from 'node:test'
import { daemonOpener } from './daemon-opener.ts'

test('a daemon of systemd opens addresses outside of itself, and no other one does', () => {
  const opener = [
    'systemd-run',
    '--user',
    '--quiet',
    '--collect',
    '--description=Browser for Postern',
    '--',
    'xdg-open',
  ]
  assert.deepEqual(daemonOpener({ SYSTEMD_EXEC_PID: '42' }, 42), opener)
  // A program that a unit's main process has started has its environment.
  assert.equal(daemonOpener({ SYSTEMD_EXEC_PID: '41', INVOCATION_ID: 'a' }, 42), undefined)
  assert.equal(daemonOpener({}, 42), undefined)
})
