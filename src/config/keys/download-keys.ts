import { isLoopbackHost } from '../../address.ts'
import type { Fault } from '../../schema.ts'
import { show, textOf } from '../../schema.ts'
import { textKey, type Key } from '../../setting-key.ts'
import * as values from '../../setting-values.ts'

/** A directory, or the address of a page. */
const downloads = textOf('a path, or an https URL', (value): string | Fault | undefined => {
  const isAddress = /^[a-z][a-z\d+.-]+:\/\//i.test(value)
  if (!isAddress) return values.path.safeParse(value).data
  const url = URL.parse(value)
  if (url?.protocol === 'https:' && url.username === '') return url.href
  if (url?.protocol === 'http:' && isLoopbackHost(url.hostname)) return url.href
  return { fault: `${show(value)} must be an https URL without a user name, or a path` }
})

/** The keys about how people get the program. */
export const downloadKeys = {
  // No variable: `DOWNLOADS` may well be somebody else's.
  downloads: textKey(downloads, 'path or https URL', {
    variable: 'none',
    without: 'nothing: the portal says that whoever runs the gateway knows how to get Postern',
    doc: 'Where people get the program: a directory with executables and their `SHA256SUMS`, which the gateway hands out to everybody who reaches its port, see below; or the address of a page of yours, which the portal leads to.',
  }),
} as const satisfies Record<string, Key<unknown>>
