import type { BrowserContext, Request } from 'playwright-core'
import type { Scope } from '../scope.ts'
import { hearerOf } from './heard.ts'
import { fromAddress, fromFields, isText, type HttpWatcher } from './messages.ts'

/** What a gateway's build has in it, the same for everybody. */
const builtTypes: ReadonlySet<string> = new Set(['font', 'image', 'script', 'stylesheet'])

/**
 * Follows what a browser asks and is shown, over whatever version of HTTP. The scope is to close the context afterwards: until then
 * what came last is read.
 */
export function watchBrowser(scope: Scope, context: BrowserContext): void {
  if (!scope.secrets.isSearched) return
  const hearer = hearerOf(scope.secrets)
  const hearing: Promise<void>[] = []
  // Not at its start: a stream that stays open is never a text as a whole.
  context.on('requestfinished', (request) => {
    // Chromium forgets the text of a page that it has left.
    hearing.push(hear(request, hearer).catch(() => undefined))
  })
  scope.defer(async () => {
    await Promise.all(hearing)
  })
}

async function hear(request: Request, hearer: HttpWatcher): Promise<void> {
  const url = new URL(request.url())
  if (builtTypes.has(request.resourceType())) return
  fromAddress(`${url.pathname}${url.search}`, hearer)
  fromFields(fieldsOf(await request.headersArray()), hearer)
  const response = await request.response()
  if (response === null) return
  const fields = fieldsOf(await response.headersArray())
  fromFields(fields, hearer)
  if (isText(fields['content-type']?.[0])) hearer.page(url.href, await response.text())
}

function fieldsOf(
  list: readonly { readonly name: string; readonly value: string }[],
): Readonly<Record<string, string[]>> {
  const fields: Record<string, string[]> = {}
  for (const { name, value } of list) (fields[name.toLowerCase()] ??= []).push(value)
  return fields
}
