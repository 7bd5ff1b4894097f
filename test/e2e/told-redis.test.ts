// What people's own tools say when their tunnel is cut, on a route with `tell`.
import { describe } from 'node:test'
import { mustRun, startChild, type Child } from './child.ts'
import { peerTest, program } from './peers.ts'
import { startRedis } from './peers/redis.ts'
import { startThrough, told } from './told-rig.ts'

describe('Redis on a route with `tell`', () => {
  peerTest('redis-cli is told why, at its prompt and subscribed', ['Redis'], async (scope) => {
    const service = await startRedis(scope)
    const it = await startThrough(scope, 'redis', service)
    const cli = (...args: string[]): Child =>
      startChild(scope, program('redis-cli'), ['-p', `${it.port}`, ...args], it.person)
    for (const version of ['-2', '-3']) {
      const resting = cli(version)
      resting.stdin.write('SET a 1\nLPUSH list x y z\nLRANGE list 0 -1\nINFO\nINCRBY a 41\n')
      await resting.says(/42/)
      await it.revoke()
      resting.stdin.write('INCRBY a 41\n')
      await resting.says(new RegExp(`ERR ${told}; connect again`))
    }
    const subscribed = cli('SUBSCRIBE', 'news')
    await subscribed.says(/subscribe/)
    await it.revoke()
    await subscribed.says(new RegExp(`ERR ${told}; connect again`))

    const waiting = cli('BLPOP', 'nothing', '0')
    const asked = ['-p', `${service}`, 'CLIENT', 'LIST']
    while (!/cmd=blpop/.test((await mustRun(scope, program('redis-cli'), asked)).output));
    await it.revoke(undefined)
    await waiting.says(/Server closed the connection|Connection reset/)
  })
})
