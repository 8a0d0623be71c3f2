using System.Runtime.CompilerServices;

// The tests look at how times are converted.
[assembly: InternalsVisibleTo("QuestDB.Ingress.Tests")]
