import { encodeCut, notCutCode } from '../tunnel/cut.ts'
import { gatewayPaths } from '../tunnel/paths.ts'
import { createPageApp, sendRefusal, type PageApp } from './answers/page-app.ts'
import type { CutTunnels } from './cut-tunnels.ts'
import type { Refusal } from './answers/refusal.ts'

/** Tells clients why their tunnels were cut. Who knows a tunnel's id was given it with the 200. */
export function createCutApi({ find }: Pick<CutTunnels, 'find'>): PageApp {
  const app = createPageApp()
  app.get(`${gatewayPaths.cut}:id`, (c) => {
    const reason = find(c.req.param('id'))
    if (reason === undefined) return sendRefusal(c, notCut)
    return c.body(encodeCut(reason), 200, {
      'content-type': 'application/json; charset=UTF-8',
      'cache-control': 'no-store',
    })
  })
  return app
}

const notCut: Refusal = {
  status: 404,
  code: notCutCode,
  message: 'this gateway has cut no tunnel with this id in the last few minutes',
  next: 'the service may have ended it, or the connection was lost: the log of the gateway says which',
  reasons: [],
}
