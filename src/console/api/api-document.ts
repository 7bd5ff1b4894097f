import { apiDocument, type ApiDocument } from '../wire/api-document.ts'
import { endpoint, type Endpoints } from './endpoint.ts'

/** The document of the API, made once somebody asks: what makes it is in no hurry to be loaded. */
export function apiDocumentEndpoints(all: () => readonly Endpoints[]): Endpoints {
  let made: ApiDocument | undefined
  async function make(): Promise<ApiDocument> {
    const { renderApiDocument } = await import('./openapi.ts')
    made ??= apiDocument.parse(JSON.parse(renderApiDocument(all())))
    return made
  }
  return () => [
    endpoint({
      method: 'get',
      path: '/openapi.json',
      role: 'signed-in',
      summary: 'This document',
      answer: apiDocument,
      serve: () => made ?? make(),
    }),
  ]
}
