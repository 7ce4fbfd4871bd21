import XCTest
import Fieldwork
