import { useMemo } from 'react'
import { useSearchWords, type ChangeSearch } from '../../ui/search-state.ts'
import { readFields, toQuestions, type Fields, type Questions } from './questions.ts'

export interface AskedQuestions {
  readonly fields: Fields
  /** As the API takes them. */
  readonly asked: Questions
  readonly ask: ChangeSearch
}

/** What the page's address asks. */
export function useQuestions(): AskedQuestions {
  const [words, ask] = useSearchWords()
  const text = words.toString()
  return useMemo(() => {
    const fields = readFields(new URLSearchParams(text))
    return { fields, asked: toQuestions(fields, Date.now()), ask }
  }, [text, ask])
}
