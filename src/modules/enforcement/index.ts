export type {
  Beholder,
  ContentState,
  SubjectFacts,
  SubjectKind,
  SubjectName,
  SubjectSource,
  SubjectSources,
} from './subjects.ts'
