import { readFile } from 'node:fs/promises'
import { readKeptRoutes } from '../../client/gateways/kept-routes.ts'
import {
  decodeGateways,
  noGateways,
  type KnownGateways,
} from '../../client/gateways/known-gateway.ts'
import { gatewaysPath } from '../asking/gateway-of.ts'
import { clientEnvironment } from '../process/environment.ts'
import type { KnownNames, Suggestion } from './suggest.ts'

/** What the files of this user say. A key that is pressed changes none of them, and what is wrong with one is not said. */
export const knownNames: KnownNames = {
  async gateways() {
    const { gateways } = await remembered()
    return gateways.map(({ name, url }) => ({ value: name, text: url }))
  },

  async routes() {
    const { gateways } = await remembered()
    const { cacheDirectory } = clientEnvironment()
    const lists = gateways.map(async ({ url }): Promise<readonly Suggestion[]> => {
      const routes = (await readKeptRoutes(cacheDirectory, new URL(url).origin)) ?? []
      return routes
        .filter(({ name }) => isOperand(name))
        .map(({ name, from }) => ({ value: name, text: from }))
    })
    return (await Promise.all(lists)).flat()
  },
}

/** Whoever runs a gateway names its routes: none becomes an option of a command line. */
function isOperand(name: string): boolean {
  return name !== '' && !name.startsWith('-')
}

async function remembered(): Promise<KnownGateways> {
  try {
    return decodeGateways(JSON.parse(await readFile(gatewaysPath(), 'utf8')))
  } catch {
    return noGateways
  }
}
