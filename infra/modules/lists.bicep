@description('The entries of a text, separated by commas, each once. Fails with the parameter\'s name where one is empty or has a blank.')
@export()
func listed(parameter string, text string) string[] =>
  empty(text) ? [] : map(union(split(replace(text, ', ', ','), ','), []), each => empty(each) || contains(each, ' ') ? fail('${parameter}: an entry is empty or has a blank') : each)
