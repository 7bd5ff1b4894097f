import type { Endpoints } from './endpoint.ts'
import { meEndpoints } from './me.ts'
import { trialEndpoints } from './trials.ts'

/** Every file of endpoints, in the order of the document. */
export const allEndpoints: readonly Endpoints[] = [meEndpoints, trialEndpoints]
