// One page of what the pipeline does, in the portal under the workspace.

param location string
param tags { *: string }
param workspaceId string

resource workbook 'Microsoft.Insights/workbooks@2023-06-01' = {
  name: guid(workspaceId, 'patchbay')
  location: location
  tags: tags
  kind: 'shared'
  properties: {
    displayName: 'Patchbay'
    category: 'workbook'
    sourceId: workspaceId
    serializedData: loadTextContent('../workbook.json')
  }
}
