import { useCallback } from 'react'
import type { Suggestion } from '../../ui/yaml-editor/code-mirror.ts'
import type { YamlPlace } from '../../ui/yaml-editor/yaml-path.ts'
import { suggestInPolicy } from './policy-completion.ts'
import { usePolicyLanguage } from './use-policy-language.ts'

/** What may be written in the YAML of a document that has these keys: a key, or within its policy. */
export function useSuggestions(
  keys: readonly string[],
): (place: YamlPlace) => readonly Suggestion[] {
  const language = usePolicyLanguage()
  return useCallback(
    (place) => {
      if (place.path[0] === 'policy') return suggestInPolicy(language, place)
      if (place.path.length > 0 || !place.isKey) return []
      return keys.map((label) => ({ label, insert: `${label}: ` }))
    },
    [keys, language],
  )
}
