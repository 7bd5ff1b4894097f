import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hostilePath, isGolden, plainProgram, upArgs } from './golden.fixture.ts'
import { launchAgent } from './launch-agent.ts'
import { isOwnText } from './written-by.ts'

test('the agent of a daemon is the text that was agreed', () => {
  const agent = launchAgent(
    { program: plainProgram, args: upArgs, variables: { XDG_CONFIG_HOME: '/Users/a b/R&D' } },
    '/Users/a b/Library/Logs/postern-desktop.log',
  )
  isGolden('daemon.plist', agent)
  assert.ok(isOwnText(agent))
})

test('a path is itself in an agent, whatever is in it', () => {
  const start = { program: [hostilePath], args: upArgs, variables: {} }
  isGolden('daemon-hostile.plist', launchAgent(start, '/dev/null'))
})

test('an agent is not written with what XML cannot have', () => {
  const start = { program: ['/opt/\u0001/node'], args: upArgs, variables: {} }
  assert.throws(() => launchAgent(start, '/dev/null'), RangeError)
})
