import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { mainPath } from '../../postern-program.ts'
import { startChild, type Child } from '../child.ts'
import type { Scope } from '../scope.ts'
import { searched, token } from './plant.ts'
import { watchTree } from './tree.ts'

const stay = 'console.log("there"); process.stdin.resume()'

/**
 * Of a script: starts another that says when it is there. All of them end with the input of the first. What it asks Node.js for
 * is not for this process, whose programs are started by `program.fixture.ts`.
 */
function start(script: string, args: readonly string[] = [], env: object = {}): string {
  const line = JSON.stringify(['-e', script, ...args])
  return `
    Object.assign(process.env, ${JSON.stringify(env)})
    const { spawn } = process.getBuiltinModule('child_process')
    spawn(process.execPath, ${line}, { stdio: 'inherit' })`
}

function startAs(scope: Scope, script: string, ...args: readonly string[]): Child {
  const child = startChild(scope, process.execPath, ['-e', script, ...args])
  scope.defer(() => void child.stdin.end())
  return child
}

/** Runs scripts of which the first passes for the program. */
async function run(scope: Scope, script: string): Promise<void> {
  await startAs(scope, script, mainPath, 'tcp').says(/there/)
}

const skip = process.platform !== 'linux' && 'there is no /proc'

describe('a secret that is given to a program which another has started is found', { skip }, () => {
  test('on its argument list', async () => {
    await assert.rejects(
      searched((scope) => run(scope, start(stay, [token]))),
      /a session token in arguments of node, started by postern/,
    )
  })

  test('in its environment', async () => {
    await assert.rejects(
      searched((scope) => run(scope, start(stay, [], { SECRET: token }))),
      /a session token in environment of node, started by postern/,
    )
  })

  test('where the program is started by another, as a proxy command is', async () => {
    await assert.rejects(
      searched(async (scope) => {
        await startAs(scope, start(stay, [mainPath, 'tcp', token])).says(/there/)
      }),
      /a session token in arguments of postern tcp/,
    )
  })

  test('where whoever started it goes on behind a program that has ended', async () => {
    // Backwards: its own script is an argument as well.
    const backwards = start(stay, ['TOKEN']).replace(
      '"TOKEN"',
      `[...${JSON.stringify(token.split('').toReversed().join(''))}].reverse().join('')`,
    )
    const goOn = `
      const parent = process.ppid
      const waiting = setInterval(() => {
        if (process.ppid === parent) return
        clearInterval(waiting)
        ${backwards}
      }, 5)
      console.log('waiting')`
    await assert.rejects(
      searched(async (scope) => {
        using tree = watchTree(scope.secrets)
        const child = startAs(scope, start(goOn), mainPath, 'tcp')
        await child.says(/waiting/)
        tree.look()
        child.signal('SIGKILL')
        await child.says(/there/)
        tree.look()
      }),
      /a session token in arguments of node, started by postern/,
    )
  })

  test('and not what the test gives a program of its own', async () => {
    await searched(async (scope) => {
      await startAs(scope, start(stay, [token], { SECRET: token })).says(/there/)
    })
  })
})
