import Fieldwork
