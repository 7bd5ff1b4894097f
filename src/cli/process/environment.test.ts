import assert from 'node:assert/strict'
import { devNull } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { cacheDirectory, clientEnvironment } from './environment.ts'

test('each platform has its own place, and XDG_CACHE_HOME wins when it is absolute', () => {
  assert.equal(cacheDirectory({ XDG_CACHE_HOME: '/x' }, 'darwin'), '/x/postern')
  assert.match(cacheDirectory({ XDG_CACHE_HOME: 'x' }, 'linux'), /\/\.cache\/postern$/)
  assert.match(cacheDirectory({}, 'darwin'), /\/Library\/Caches\/postern$/)
  assert.match(cacheDirectory({ LOCALAPPDATA: '/l' }, 'win32'), /^\/l.postern$/)
})

test('somebody without a home has a place that cannot be made', () => {
  assert.equal(cacheDirectory({}, 'linux', devNull), join(devNull, '.cache', 'postern'))
})

test('what names a proxy is handed on, in either case, and nothing else of the environment', () => {
  const proxies = { https_proxy: 'http://a:1', ALL_PROXY: 'http://b:1', NO_PROXY: '.corp' }
  const env = { ...proxies, XDG_CACHE_HOME: '/x', POSTERN_SERVICE_ACCOUNT: 'aa.bb.cc' }
  assert.deepEqual(clientEnvironment(env), { proxies, cacheDirectory: '/x/postern' })
})
